package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.budgetauthority.api.Http;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.LocalSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The server's package as it runs beside a gateway, with nothing of the local build in it.
class ServerIT {

  private static final Duration DELAY = Duration.ofMillis(600);
  private static final Pattern COMMAND = Pattern.compile("(?m)^ *(bin/budget .*)$");
  private static final Pattern DRAFTED = Pattern.compile("(?m)^(\\S+) is a draft");
  private static final String ASK =
      """
      {"model": "claude-haiku-4-5", "input_tokens": 1000, "max_output_tokens": 100}
      """;

  @Test
  void whenTheServerIsStopped_theRunningAskIsAnswered() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      CountDownLatch asked = new CountDownLatch(1);
      HttpServer slow = slow(cloud.dynamoDbEndpoint(), asked);
      Map<String, String> environment = new HashMap<>(Deployed.environment(cloud));
      environment.put(
          "QUARKUS_DYNAMODB_ENDPOINT_OVERRIDE", "http://127.0.0.1:" + slow.getAddress().getPort());
      try (Server server = Server.start(Form.tested().server(), environment)) {
        assertThat(server.status("/q/health/live")).isEqualTo(200);
        assertThat(server.status("/q/health/ready")).isEqualTo(200);
        assertThat(server.status("/local/events")).as("the local build's").isEqualTo(404);

        Http gateway = new Http(server.base(), "bak_demo_gateway");
        CompletableFuture<Http.Answer> answer =
            CompletableFuture.supplyAsync(() -> gateway.ask(ASK, "stopping", "stopping"));
        assertThat(asked.await(10, TimeUnit.SECONDS)).as("the ask is under way").isTrue();
        server.process().destroy();

        assertThat(answer.get(10, TimeUnit.SECONDS)).as(server.log()).hasStatus(200);
        assertThat(server.process().waitFor(20, TimeUnit.SECONDS)).as(server.log()).isTrue();
      } finally {
        slow.stop(0);
      }
    }
  }

  /// The operator's, with the package of a server or of the local build, which have the same in
  /// them.
  @Test
  void whenADocumentHasACommand_itRunsAsWritten() throws Exception {
    assumeTrue(Form.tested() == Form.JVM, "they are commands of the JVM's package");
    List<String> commands = new ArrayList<>();
    for (String document : List.of("operate.md", "usage-queue.md", "attribution.md")) {
      COMMAND
          .matcher(Files.readString(Path.of("docs/how-to", document)))
          .results()
          .map(command -> command.group(1))
          .forEach(commands::add);
    }
    assertThat(commands).hasSize(14);
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      for (String command : commands) {
        String said = run(cloud, 0, command);
        assertThat(said).doesNotContain("ERROR");
      }
    }
  }

  /// Runs a command of the package, which must end with this status, and returns what it says.
  private static String run(LocalCloud cloud, int status, String command) throws Exception {
    Map<String, String> environment = Deployed.environment(cloud);
    ProcessBuilder builder = new ProcessBuilder("bash", "-c", command);
    builder.environment().putAll(environment);
    builder.environment().put("BUDGET_APP", "target/server/quarkus-app");
    builder
        .environment()
        .putAll(
            Map.of(
                "AWS_ENDPOINT_URL_DYNAMODB", cloud.dynamoDbEndpoint().toString(),
                "AWS_ENDPOINT_URL_S3", environment.get("QUARKUS_S3_ENDPOINT_OVERRIDE"),
                "AWS_ENDPOINT_URL_SQS", environment.get("QUARKUS_SQS_ENDPOINT_OVERRIDE")));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(command + "\n" + said).isEqualTo(status);
    return said;
  }

  @Test
  void whenAKeyIsIssuedByCommand_theServiceKnowsIt() throws Exception {
    assumeTrue(Form.tested() == Form.JVM, "they are commands of the JVM's package");
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      String[] issued =
          run(cloud, 0, "bin/budget keys issue --tenant demo --role viewer").split(" ");
      assertThat(run(cloud, 0, "bin/budget keys list --tenant demo")).contains(issued[0]);
      run(cloud, 2, "bin/budget keys issue --role viewer");
      run(cloud, 2, "bin/budget keys issue --tenant demo --role agent --user ada");
      run(cloud, 2, "bin/budget keys issue --tenant demo --role gateway --user ada");
      run(cloud, 2, "bin/budget keys issue --tenant 'no id' --role admin");
      run(cloud, 1, "bin/budget keys issue --tenant nobody --role admin");
      run(cloud, 1, "bin/budget keys revoke admin --tenant demo");
      run(cloud, 1, "bin/budget keys rotate nobody --tenant demo");
      try (Server server = Server.start(Form.tested().server(), Deployed.environment(cloud))) {
        Http viewer = new Http(server.base(), issued[1].strip());
        assertThat(viewer.get("/budget/policy")).hasStatus(200);
        Http admin = new Http(server.base(), "bak_demo_admin");
        String trail = admin.get("/budget/audit").json().toString();
        assertThat(trail).contains("keys/" + issued[0]);
        assertThat(trail).contains("bin/budget");
      }
    }
  }

  @Test
  void whenPricesArePublishedByCommand_theyApply() throws Exception {
    assumeTrue(Form.tested() == Form.JVM, "they are commands of the JVM's package");
    Path file = Files.createTempFile("prices", ".json");
    Files.writeString(
        file,
        """
        {"one/model": {"litellm_provider": "one", "mode": "chat", "max_input_tokens": 1000,
          "max_output_tokens": 100, "input_cost_per_token": 0.000001,
          "output_cost_per_token": 0.000002}}
        """);
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.inMemory())) {
      LocalCloudForTests.fill(cloud);
      String drafted = run(cloud, 0, "bin/budget prices draft " + file);
      String version = DRAFTED.matcher(drafted).results().findFirst().orElseThrow().group(1);
      assertThat(run(cloud, 1, "bin/budget prices publish " + version)).contains("not clean");
      run(cloud, 0, "bin/budget prices publish --accept-review " + version);
      assertThat(run(cloud, 0, "bin/budget prices list")).contains("* " + version);
      run(cloud, 1, "bin/budget prices publish no-such-version");
    } finally {
      Files.delete(file);
    }
  }

  /// A DynamoDB that takes its time, and tells when it is first asked.
  private static HttpServer slow(URI dynamoDb, CountDownLatch asked) throws IOException {
    HttpClient client = HttpClient.newHttpClient();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          asked.countDown();
          HttpRequest.Builder request =
              HttpRequest.newBuilder(dynamoDb)
                  .POST(
                      HttpRequest.BodyPublishers.ofByteArray(
                          exchange.getRequestBody().readAllBytes()));
          for (String name :
              List.of("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")) {
            String value = exchange.getRequestHeaders().getFirst(name);
            if (value != null) {
              request.header(name, value);
            }
          }
          try (exchange) {
            Thread.sleep(DELAY);
            HttpResponse<byte[]> response =
                client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            response
                .headers()
                .firstValue("x-amz-crc32")
                .ifPresent(sum -> exchange.getResponseHeaders().add("x-amz-crc32", sum));
            exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
            exchange.sendResponseHeaders(response.statusCode(), response.body().length);
            exchange.getResponseBody().write(response.body());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
    return server;
  }

  @Test
  void whenTheServerIsBuilt_itOmitsTheLocalServers() throws IOException {
    Path libraries = Server.JAR.resolveSibling("lib");
    try (var files = Files.walk(libraries)) {
      List<String> names = files.map(file -> file.getFileName().toString()).toList();
      assertAll(
          () ->
              assertThat(names.stream().anyMatch(name -> name.contains("apache-client"))).isTrue(),
          () -> assertThat(names.stream().filter(Zips::isUnused).toList()).isEmpty());
    }
  }
}
