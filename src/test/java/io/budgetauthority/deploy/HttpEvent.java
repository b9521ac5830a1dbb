package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// An event of an HTTP API (payload format 2.0), and the request that it stands for; what a
/// function answers to the one and a server to the other, in one form.
record HttpEvent(JsonNode event) {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /// What a client may not set, or what the connection says.
  private static final Set<String> OF_THE_CONNECTION =
      Set.of("host", "content-length", "connection", "transfer-encoding", "date");

  static HttpEvent read(Path file) throws IOException {
    return new HttpEvent(new ObjectMapper().readTree(file.toFile()));
  }

  /// The same event with another path.
  HttpEvent to(String path) {
    ObjectNode changed = event.deepCopy();
    changed.put("rawPath", path);
    changed.withObject("/requestContext/http").put("path", path);
    return new HttpEvent(changed);
  }

  /// An answer as a client sees it.
  ///
  /// @param headers by name in lower case, several of one name joined as HTTP joins them
  record Answer(int status, Map<String, String> headers, String body) {}

  /// The request sent to a server.
  Answer sendTo(URI base) throws IOException, InterruptedException {
    String query = event.path("rawQueryString").asText();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create(base + sent(event.path("rawPath")) + (query.isEmpty() ? "" : "?" + query)));
    event
        .path("headers")
        .properties()
        .forEach(
            header -> {
              if (!OF_THE_CONNECTION.contains(header.getKey())) {
                request.header(header.getKey(), header.getValue().asText());
              }
            });
    String body = event.path("body").asText();
    request.method(
        event.path("requestContext").path("http").path("method").asText(),
        !event.has("body")
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray(
                event.path("isBase64Encoded").asBoolean()
                    ? Base64.getDecoder().decode(body)
                    : body.getBytes(StandardCharsets.UTF_8)));
    HttpResponse<String> response =
        CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    Map<String, String> headers = new TreeMap<>();
    response.headers().map().forEach((name, values) -> put(headers, name, values));
    return new Answer(response.statusCode(), headers, response.body());
  }

  /// A path as a client sent it: an HTTP API decodes all of it but percent signs.
  private static String sent(JsonNode rawPath) {
    StringBuilder sent = new StringBuilder();
    for (byte octet : rawPath.asText().getBytes(StandardCharsets.UTF_8)) {
      boolean plain = octet > ' ' && "\"#<>?[\\]^`{|}\u007f".indexOf(octet) < 0;
      sent.append(plain ? String.valueOf((char) octet) : "%%%02X".formatted(octet & 0xFF));
    }
    return sent.toString();
  }

  /// The event given to a function, and its answer as the HTTP API would give it to a client.
  Answer giveTo(Function function) throws InterruptedException {
    Function.Answer answer = function.invoke(event);
    if (answer.failed()) {
      throw new IllegalStateException("The function failed: " + answer.body());
    }
    JsonNode response = answer.body();
    Map<String, String> headers = new TreeMap<>();
    response
        .path("headers")
        .properties()
        .forEach(header -> put(headers, header.getKey(), List.of(header.getValue().asText())));
    response
        .path("multiValueHeaders")
        .properties()
        .forEach(
            header -> {
              List<String> values = new ArrayList<>();
              header.getValue().forEach(value -> values.add(value.asText()));
              put(headers, header.getKey(), values);
            });
    String body = response.path("body").asText("");
    return new Answer(
        response.path("statusCode").asInt(),
        headers,
        response.path("isBase64Encoded").asBoolean()
            ? new String(Base64.getDecoder().decode(body), StandardCharsets.UTF_8)
            : body);
  }

  private static void put(Map<String, String> headers, String name, List<String> values) {
    String lowerCase = name.toLowerCase(Locale.ROOT);
    if (!OF_THE_CONNECTION.contains(lowerCase)) {
      headers.put(lowerCase, String.join(", ", values));
    }
  }
}
