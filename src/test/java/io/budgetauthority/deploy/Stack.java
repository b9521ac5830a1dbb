package io.budgetauthority.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.api.Http;
import io.budgetauthority.local.LocalCloud;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The deployed stack, as the script that deployed it tells of it. `localstack/test` says where
/// that is written, in `BUDGET_STACK`.
record Stack(JsonNode told) {

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

  DynamoDbClient dynamoDb() {
    return at(DynamoDbClient.builder().httpClientBuilder(ApacheHttpClient.builder())).build();
  }

  SqsClient sqs() {
    return at(SqsClient.builder().httpClientBuilder(ApacheHttpClient.builder())).build();
  }

  S3Client s3() {
    return at(S3Client.builder().httpClientBuilder(ApacheHttpClient.builder()).forcePathStyle(true))
        .build();
  }

  private <B extends AwsClientBuilder<B, ?>> B at(B client) {
    return client
        .endpointOverride(URI.create(told.path("endpoint").asText()))
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials());
  }
}
