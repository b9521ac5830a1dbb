package io.budgetauthority.local;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// The page of a release of Dynoxide, on this machine. Its program is a script that says its
/// version.
final class PublishedDynoxide implements AutoCloseable {

  private final HttpServer server;
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();

  private PublishedDynoxide(HttpServer server) {
    this.server = server;
  }

  /// Publishes nothing yet.
  static PublishedDynoxide start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    PublishedDynoxide published = new PublishedDynoxide(server);
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          published.requests.add(path);
          byte[] file = published.files.get(path);
          exchange.sendResponseHeaders(file == null ? 404 : 200, file == null ? -1 : file.length);
          if (file != null) {
            exchange.getResponseBody().write(file);
          }
          exchange.close();
        });
    server.start();
    return published;
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  /// The paths that were asked for, in order.
  List<String> requests() {
    return List.copyOf(requests);
  }

  /// The archive for this machine.
  static String archive() {
    return DynoxideRelease.archive(System.getProperty("os.name"), System.getProperty("os.arch"))
        .orElseThrow();
  }

  /// Publishes a program of a version, and the file of checksums that belongs to it.
  void release(String version) throws IOException {
    byte[] program =
        "#!/bin/sh\necho dynoxide %s\n".formatted(version).getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      TarArchiveEntry entry = new TarArchiveEntry("dynoxide");
      entry.setSize(program.length);
      out.putArchiveEntry(entry);
      out.write(program);
      out.closeArchiveEntry();
    }
    files.put("/" + archive(), bytes.toByteArray());
    try {
      checksum(
          HexFormat.of()
              .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray())));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Publishes another checksum for it.
  void checksum(String sha256) {
    String lines =
        "%s  dynoxide-x86_64-pc-windows-msvc.zip\n%s  %s\n"
            .formatted("f".repeat(64), sha256, archive());
    files.put("/sha256sums.txt", lines.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
