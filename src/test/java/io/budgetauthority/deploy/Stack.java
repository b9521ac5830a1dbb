package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.api.Http;
import io.budgetauthority.local.LocalCloud;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The deployed stack, as the script that deployed it tells of it. `localstack/test` says where
/// that is written, in `BUDGET_STACK`.
record Stack(JsonNode told) {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  static Stack deployed() {
    String file = System.getenv("BUDGET_STACK");
    if (file == null) {
      throw new IllegalStateException("No stack is deployed: run localstack/test");
    }
    try {
      return new Stack(new ObjectMapper().readTree(Path.of(file).toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  URI url() {
    return URI.create(told.path("url").asText());
  }

  String key(String role) {
    return told.path("keys").path(role).asText();
  }

  String output(String name) {
    JsonNode output = told.path("outputs").path(name);
    if (output.isMissingNode()) {
      throw new IllegalStateException("The stack has no output " + name);
    }
    return output.asText();
  }

  /// A caller of its HTTP API.
  Http as(String role) {
    return new Http(url(), key(role));
  }

  /// The tenant of the keys, but for the operator's.
  String tenant() {
    return told.path("tenant").asText();
  }

  /// Invokes a function as an event source would, and waits until it is done.
  void invoke(String function) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                endpoint().resolve("/2015-03-31/functions/" + function + "/invocations"))
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    var unused = CLIENT.send(request, HttpResponse.BodyHandlers.discarding());
  }

  EventBridgeClient eventBridge() {
    return at(EventBridgeClient.builder().httpClientBuilder(ApacheHttpClient.builder())).build();
  }

  SqsClient sqs() {
    return at(SqsClient.builder().httpClientBuilder(ApacheHttpClient.builder())).build();
  }

  S3Client s3() {
    return at(S3Client.builder().httpClientBuilder(ApacheHttpClient.builder()).forcePathStyle(true))
        .build();
  }

  private URI endpoint() {
    return URI.create(told.path("endpoint").asText());
  }

  private <B extends AwsClientBuilder<B, ?>> B at(B client) {
    return client
        .endpointOverride(endpoint())
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials());
  }
}
