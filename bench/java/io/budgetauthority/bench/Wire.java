package io.budgetauthority.bench;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One keep-alive connection that speaks as much HTTP/1.1 as the services answer with: a status,
/// headers, and a body with a `Content-Length` or in chunks. What the client does counts against
/// the service, so there is no pool, no second thread and one system call each way. For one thread
/// at a time.
final class Wire implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 30_000;
  private static final byte[] LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CHUNKED =
      "transfer-encoding: chunked".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] CLOSE = "connection: close".getBytes(StandardCharsets.US_ASCII);

  private final int port;
  private Socket socket;
  private OutputStream out;
  private InputStream in;

  /// The service said that it closes the connection after its last answer.
  private boolean closing;

  private byte[] received = new byte[16 * 1024];
  private int end;

  Wire(int port) throws IOException {
    this.port = port;
    socket = connect(port);
    out = socket.getOutputStream();
    in = socket.getInputStream();
  }

  private static Socket connect(int port) throws IOException {
    Socket socket = new Socket();
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), TIMEOUT_MILLIS);
    return socket;
  }

  private void reconnect() throws IOException {
    socket.close();
    socket = connect(port);
    out = socket.getOutputStream();
    in = socket.getInputStream();
    closing = false;
  }

  /// An answer; the body as it came.
  record Answer(int status, String body) {

    /// The text of a JSON field, found without parsing: our own names do not turn up in values.
    String text(String field) {
      int from = body.indexOf("\"" + field + "\":\"");
      if (from < 0) {
        throw new IllegalStateException("no " + field + " in " + status + " " + body);
      }
      from += field.length() + 4;
      return body.substring(from, body.indexOf('"', from));
    }
  }

  /// Sends one request and waits for its answer.
  ///
  /// @param headers lines that each end in CRLF
  Answer send(String method, String path, String headers, String body) throws IOException {
    if (closing) {
      reconnect();
    }
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    byte[] head =
        (method
                + ' '
                + path
                + " HTTP/1.1\r\nHost: 127.0.0.1:"
                + port
                + "\r\n"
                + headers
                + "Content-Type: application/json\r\nContent-Length: "
                + content.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] request = Arrays.copyOf(head, head.length + content.length);
    System.arraycopy(content, 0, request, head.length, content.length);
    out.write(request);
    return receive();
  }

  private Answer receive() throws IOException {
    end = 0;
    int body = -1;
    while (body < 0) {
      int seen = end;
      readMore();
      body = afterBlankLine(Math.max(0, seen - 3));
    }
    closing = header(CLOSE, body) >= 0;
    int status = decimal(9);
    int header = status == 204 ? body : header(LENGTH, body);
    if (header < 0) {
      return new Answer(status, chunks(body));
    }
    int length = status == 204 ? 0 : decimal(header);
    readUntil(body + length);
    return new Answer(status, new String(received, body, length, StandardCharsets.UTF_8));
  }

  private String chunks(int headEnd) throws IOException {
    if (header(CHUNKED, headEnd) < 0) {
      throw new IOException("an answer without Content-Length, and not in chunks");
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int at = headEnd;
    while (true) {
      int line = at;
      do {
        readUntil(++line + 1);
      } while (received[line - 1] != '\r' || received[line] != '\n');
      int size =
          Integer.parseInt(new String(received, at, line - 1 - at, StandardCharsets.US_ASCII), 16);
      at = line + 1;
      readUntil(at + size + 2);
      if (size == 0) {
        return body.toString(StandardCharsets.UTF_8);
      }
      body.write(received, at, size);
      at += size + 2;
    }
  }

  private void readUntil(int count) throws IOException {
    while (end < count) {
      readMore();
    }
  }

  private void readMore() throws IOException {
    if (end == received.length) {
      received = Arrays.copyOf(received, 2 * received.length);
    }
    int count = in.read(received, end, received.length - end);
    if (count < 0) {
      throw new EOFException("the service closed the connection");
    }
    end += count;
  }

  private int afterBlankLine(int from) {
    for (int i = from; i + 3 < end; i++) {
      if (received[i] == '\r'
          && received[i + 1] == '\n'
          && received[i + 2] == '\r'
          && received[i + 3] == '\n') {
        return i + 4;
      }
    }
    return -1;
  }

  /// Where what follows a header's name begins; -1 if there is no such header.
  private int header(byte[] name, int headEnd) {
    for (int line = 0; line < headEnd; line++) {
      if (received[line] == '\n' && startsWith(name, line + 1)) {
        return line + 1 + name.length;
      }
    }
    return -1;
  }

  private boolean startsWith(byte[] name, int from) {
    for (int i = 0; i < name.length; i++) {
      if ((received[from + i] | 0x20) != (name[i] | 0x20)) {
        return false;
      }
    }
    return true;
  }

  private int decimal(int from) {
    int at = from;
    while (received[at] == ' ') {
      at++;
    }
    int value = 0;
    while (received[at] >= '0' && received[at] <= '9') {
      value = Math.addExact(Math.multiplyExact(value, 10), received[at++] - '0');
    }
    return value;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
