package io.budgetauthority.deploy;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.LocalSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The server's package as it runs beside a gateway, with nothing of the desk in it.
class ServerIT {

  private static final String BODY =
      """
      {"model": "claude-haiku-4-5", "input_tokens": 1000, "max_output_tokens": 100}
      """;

  @Test
  void itIsHealthyAndAnswersWhatItWasAskedBeforeItIsStopped() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      try (Server server = Server.start(Deployed.environment(cloud))) {
        assertEquals(200, server.status("/q/health/live"));
        assertEquals(200, server.status("/q/health/ready"));
        assertEquals(404, server.status("/local/events"), "a desk's");

        try (Socket caller = new Socket("127.0.0.1", server.base().getPort())) {
          OutputStream request = caller.getOutputStream();
          request.write(head().getBytes(StandardCharsets.US_ASCII));
          request.write(BODY.substring(0, 10).getBytes(StandardCharsets.US_ASCII));
          request.flush();
          awaitThatItIsRead(server);
          server.process().destroy();
          awaitThatItRefuses(server);
          request.write(BODY.substring(10).getBytes(StandardCharsets.US_ASCII));
          request.flush();

          assertEquals("HTTP/1.1 200 OK", firstLine(caller), server.log());
        }
        assertTrue(server.process().waitFor(20, TimeUnit.SECONDS), server.log());
      }
    }
  }

  private static String head() {
    return "POST /budget/decisions HTTP/1.1\r\nHost: localhost\r\n"
        + "Authorization: Bearer bak_demo_gateway\r\nIdempotency-Key: stopping\r\n"
        + "X-Run-Id: stopping\r\nContent-Type: application/json\r\nContent-Length: "
        + BODY.length()
        + "\r\n\r\n";
  }

  /// The server has begun the request once it has answered another that came after it.
  private static void awaitThatItIsRead(Server server) throws InterruptedException {
    assertEquals(200, server.status("/q/health/live"));
  }

  private static void awaitThatItRefuses(Server server) throws InterruptedException {
    long giveUpAt = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (server.status("/q/health/live") == 200) {
      assertTrue(System.nanoTime() < giveUpAt, "it still takes requests: " + server.log());
      Thread.sleep(20);
    }
  }

  private static String firstLine(Socket caller) throws IOException {
    return new BufferedReader(
            new InputStreamReader(caller.getInputStream(), StandardCharsets.US_ASCII))
        .readLine();
  }

  @Test
  void nothingOfTheLocalServersIsInIt() throws IOException {
    Path libraries = Server.JAR.resolveSibling("lib");
    try (var files = Files.walk(libraries)) {
      List<String> names = files.map(file -> file.getFileName().toString()).toList();
      assertAll(
          () -> assertTrue(names.stream().anyMatch(name -> name.contains("apache-client"))),
          () -> assertEquals(List.of(), names.stream().filter(Zips::isOfTheLocalBuild).toList()));
    }
  }
}
