"""HTTP before the deployed API function, in the place of an HTTP API: a LocalStack without an account has no API Gateway v2."""

import base64
import http.server
import json
import threading
import time
import urllib.parse
import uuid


def event(method, target, headers, body):
    """What an HTTP API makes of a request, in payload format 2.0."""
    path, _, query = target.partition("?")
    # It decodes all of a path but an escaped percent sign.
    path = urllib.parse.unquote(path.replace("%25", "%2525"))
    joined = {}
    for name, value in headers:
        name = name.lower()
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    cookies = joined.pop("cookie", None)
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    now = time.time()
    # The routes of sam-template.yaml.
    route = "ANY /budget/{proxy+}" if path.startswith("/budget/") else "$default"
    request = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": joined.get("host", "127.0.0.1"),
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": joined.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": encoded,
    }
    if cookies:
        request["cookies"] = cookies.split("; ")
    if query:
        parameters = {}
        for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        request["queryStringParameters"] = parameters
    if body:
        request["body"] = text
    return request


def serve(functions, name):
    """Speaks HTTP on a free port of loopback for a function, until the process ends. Returns the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = event(self.command, self.path, self.headers.items(), body)
            answered = functions.invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(request).encode())
            answer = json.loads(answered["Payload"].read())
            if "FunctionError" in answered or "statusCode" not in answer:
                answer = {"statusCode": 500, "headers": {"content-type": "application/json"}, "body": '{"message":"Internal Server Error"}'}
            content = answer.get("body") or ""
            content = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
            self.send_response(answer["statusCode"])
            for header, value in (answer.get("headers") or {}).items():
                if header.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(header, value)
            for cookie in answer.get("cookies") or []:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, *_):
            """The function's own log says enough."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
