package io.budgetauthority.local;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// The programs that Dynoxide's project publishes with each release: an archive for each platform
/// and a file of checksums. No program is run before the SHA-256 of its archive is checked.
///
/// @param base the folder of the archives, over HTTPS, or over HTTP on this machine
/// @param checksums the pinned SHA-256 by archive; if empty, those of the file that is published
///   beside the archives
record DynoxideRelease(URI base, Map<String, String> checksums) {

  /// The server's version. Its crate has another version, [DynoxideProgram#CRATE].
  static final String VERSION = "1.5.0";

  private static final URI PUBLISHED =
      URI.create("https://github.com/nubo-db/dynoxide/releases/download/v" + VERSION + "/");

  /// Written by `src/local/dynoxide/pin`.
  private static final String PINNED = "/dynoxide-" + VERSION + ".sha256";

  private static final String CHECKSUMS = "sha256sums.txt";
  private static final String PROGRAM = "dynoxide";
  private static final Duration CONNECTED_WITHIN = Duration.ofSeconds(5);
  private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(30);
  private static final Duration DOWNLOADED_WITHIN = Duration.ofMinutes(10);

  DynoxideRelease {
    boolean local = "127.0.0.1".equals(base.getHost()) || "localhost".equals(base.getHost());
    if (!"https".equals(base.getScheme()) && !(local && "http".equals(base.getScheme()))) {
      throw new IllegalArgumentException(
          "BUDGET_LOCAL_DYNOXIDE_RELEASE is an https:// address of a folder, not " + base);
    }
  }

  /// The published release, or the copy of it that `BUDGET_LOCAL_DYNOXIDE_RELEASE` names.
  static DynoxideRelease at(Optional<String> copy) throws IOException {
    URI base = copy.map(it -> it.endsWith("/") ? it : it + "/").map(URI::create).orElse(PUBLISHED);
    try (InputStream pinned = DynoxideRelease.class.getResourceAsStream(PINNED)) {
      return new DynoxideRelease(
          base,
          pinned == null
              ? Map.of()
              : parse(new String(pinned.readAllBytes(), StandardCharsets.UTF_8)));
    }
  }

  /// The archive for a platform, by Java's names of the platform; empty if none is published.
  static Optional<String> archive(String os, String architecture) {
    Optional<String> processor =
        switch (architecture.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64" -> Optional.of("x86_64");
          case "aarch64" -> Optional.of("aarch64");
          default -> Optional.empty();
        };
    Optional<String> system =
        switch (os.toLowerCase(Locale.ROOT)) {
          case "linux" -> Optional.of("unknown-linux-musl");
          case "mac os x" -> Optional.of("apple-darwin");
          default -> Optional.empty();
        };
    return processor.flatMap(p -> system.map(s -> PROGRAM + "-" + p + "-" + s + ".tar.gz"));
  }

  /// Downloads this machine's program into a folder.
  ///
  /// @throws Refused with the reason, if no program is published for this machine or the download
  ///   is not the release's
  void download(Path folder) throws IOException, InterruptedException {
    String os = System.getProperty("os.name");
    String architecture = System.getProperty("os.arch");
    String archive =
        archive(os, architecture)
            .orElseThrow(
                () -> new Refused("no program is published for " + os + " " + architecture));
    Files.createDirectories(folder);
    try (HttpClient http =
        HttpClient.newBuilder()
            .connectTimeout(CONNECTED_WITHIN)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build()) {
      Map<String, String> known =
          checksums.isEmpty()
              ? parse(get(http, CHECKSUMS, BodyHandlers.ofString(), ANSWERED_WITHIN))
              : checksums;
      String wanted = known.get(archive);
      if (wanted == null) {
        throw new Refused("the release's checksums do not name " + archive);
      }
      Path file =
          get(http, archive, BodyHandlers.ofFile(folder.resolve(archive)), DOWNLOADED_WITHIN);
      String found = sha256(file);
      if (!found.equals(wanted)) {
        throw new Refused(
            "the SHA-256 of " + base.resolve(archive) + " is " + found + ", not " + wanted);
      }
      unpack(file, Files.createDirectories(folder.resolve("bin")).resolve(PROGRAM));
      Files.delete(file);
    } catch (Refused e) {
      DataFolder.remove(folder);
      throw e;
    }
  }

  /// The program cannot be downloaded. The message is the reason, in one line.
  static final class Refused extends RuntimeException {
    Refused(String reason) {
      super(reason);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  private <T> T get(HttpClient http, String name, BodyHandler<T> body, Duration within)
      throws InterruptedException {
    URI address = base.resolve(name);
    CompletableFuture<HttpResponse<T>> answer =
        http.sendAsync(HttpRequest.newBuilder(address).timeout(ANSWERED_WITHIN).build(), body);
    try {
      HttpResponse<T> response = answer.get(within.toSeconds(), TimeUnit.SECONDS);
      if (response.statusCode() != 200) {
        throw new Refused(address + " answers " + response.statusCode());
      }
      return response.body();
    } catch (ExecutionException e) {
      throw new Refused(
          e.getCause() instanceof ConnectException
              ? "there is no connection to " + address.getHost()
              : address + " fails with " + e.getCause());
    } catch (TimeoutException _) {
      throw new Refused(address + " did not come within " + within.toMinutes() + " minutes");
    } finally {
      answer.cancel(true);
    }
  }

  /// Parses lines of `sha256sum`: a checksum, two spaces or a space and an asterisk, and a file's
  /// name.
  static Map<String, String> parse(String lines) {
    return lines
        .lines()
        .map(line -> line.strip().split("\\s+\\*?", 2))
        .filter(parts -> parts.length == 2 && parts[0].matches("(?i)[0-9a-f]{64}"))
        .collect(
            Collectors.toMap(
                parts -> parts[1],
                parts -> parts[0].toLowerCase(Locale.ROOT),
                (first, _) -> first));
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(java.io.OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new UncheckedIOException(new IOException("This Java has no SHA-256", e));
    }
  }

  private static void unpack(Path archive, Path program) throws IOException {
    try (TarArchiveInputStream entries =
        new TarArchiveInputStream(
            new GzipCompressorInputStream(
                new BufferedInputStream(Files.newInputStream(archive))))) {
      for (TarArchiveEntry entry = entries.getNextEntry();
          entry != null;
          entry = entries.getNextEntry()) {
        if (entry.isFile() && entry.getName().replaceFirst("^\\./", "").equals(PROGRAM)) {
          Files.copy(entries, program);
          if (!program.toFile().setExecutable(true)) {
            throw new IOException(program + " cannot be made a program");
          }
          return;
        }
      }
    }
    throw new Refused(archive.getFileName() + " has no " + PROGRAM);
  }
}
