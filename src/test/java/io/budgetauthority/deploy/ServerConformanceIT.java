package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.conformance.Runner;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The conformance kit against the server, in the form that is tested. A local build beside it is
/// its AWS, sweeps, and reads the stream and the queue, as the event functions do on AWS.
class ServerConformanceIT {

  private static final Path LOCAL_BUILD = Path.of("target", "quarkus-app", "quarkus-run.jar");

  private static @Nullable Server localBuild;
  private static @Nullable Server server;

  @BeforeAll
  static void start() throws Exception {
    Map<String, String> ports = new HashMap<>();
    Map<String, String> environment = new HashMap<>();
    for (String service : List.of("DYNAMODB", "S3", "SQS")) {
      String port = Integer.toString(Deployed.freePort());
      ports.put("BUDGET_LOCAL_" + service + "_PORT", port);
      String prefix = "QUARKUS_" + service;
      environment.put(prefix + "_ENDPOINT_OVERRIDE", "http://127.0.0.1:" + port);
      environment.put(prefix + "_AWS_REGION", "us-east-1");
      environment.put(prefix + "_AWS_CREDENTIALS_TYPE", "static");
      environment.put(prefix + "_AWS_CREDENTIALS_STATIC_PROVIDER_ACCESS_KEY_ID", "local");
      environment.put(prefix + "_AWS_CREDENTIALS_STATIC_PROVIDER_SECRET_ACCESS_KEY", "local");
    }
    String queues = environment.get("QUARKUS_SQS_ENDPOINT_OVERRIDE") + "/000000000000/";
    environment.put("BUDGET_USAGE_QUEUE_URL", queues + "budget-authority-usage");
    environment.put("BUDGET_USAGE_DEAD_QUEUE_URL", queues + "budget-authority-usage-dead");
    environment.put("BUDGET_USAGE_BACK_AFTER_OUTAGE", "5s");
    environment.put("QUARKUS_S3_PATH_STYLE_ACCESS", "true");
    ports.put("BUDGET_LOCAL_DATA", "memory");
    ports.put("BUDGET_LOCAL_SWEEP_EVERY", "1s");
    localBuild = Server.start(Server.java(LOCAL_BUILD), ports);
    server = Server.start(Form.tested().server(), environment);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
    if (localBuild != null) {
      localBuild.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsAnsweredAsItSays() throws IOException {
    return new Kit(new Runner(base(server), "bak_demo_operator", Duration.ZERO))
        .tests(Set.of(), () -> {});
  }

  @Test
  void whenTheDocumentIsRead_itEqualsTheLocalBuilds() throws Exception {
    assertThat(document(base(server))).isEqualTo(document(base(localBuild)));
  }

  private static URI base(@Nullable Server started) {
    return Objects.requireNonNull(started).base();
  }

  private static String document(URI base) throws IOException, InterruptedException {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(base.resolve("/openapi")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    return response.body();
  }
}
