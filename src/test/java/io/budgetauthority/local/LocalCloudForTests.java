package io.budgetauthority.local;

import io.budgetauthority.TestConfiguration;
import io.budgetauthority.price.table.PriceStore;
import io.quarkus.runtime.StartupEvent;
import java.time.Clock;
import java.util.Optional;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/// One local cloud for all tests of a JVM that need no application around it. It starts at its
/// first use and ends with the JVM; tests keep apart by the keys they choose.
public final class LocalCloudForTests {

  private LocalCloudForTests() {}

  /// The cloud.
  public static LocalCloud shared() {
    return Holder.CLOUD;
  }

  /// A client of its DynamoDB, to be finished by the caller, such as with interceptors.
  public static DynamoDbClientBuilder dynamoDb() {
    return dynamoDb(shared());
  }

  static DynamoDbClientBuilder dynamoDb(LocalCloud cloud) {
    return DynamoDbClient.builder()
        .httpClientBuilder(ApacheHttpClient.builder())
        .endpointOverride(cloud.dynamoDbEndpoint())
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials());
  }

  public static S3Client s3(LocalCloud cloud) {
    return S3Client.builder()
        .httpClientBuilder(ApacheHttpClient.builder())
        .endpointOverride(cloud.s3Endpoint())
        .forcePathStyle(true)
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials())
        .build();
  }

  static SqsClient sqs(LocalCloud cloud) {
    return SqsClient.builder()
        .httpClientBuilder(ApacheHttpClient.builder())
        .endpointOverride(cloud.sqsEndpoint())
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials())
        .build();
  }

  /// A client of its SQS that is watched.
  public static SqsClient sqs(ExecutionInterceptor watch) {
    return SqsClient.builder()
        .httpClientBuilder(ApacheHttpClient.builder())
        .endpointOverride(shared().sqsEndpoint())
        .region(LocalCloud.region())
        .credentialsProvider(LocalCloud.credentials())
        .overrideConfiguration(it -> it.addExecutionInterceptor(watch))
        .build();
  }

  /// A client of its SQS, which all share.
  public static SqsClient sqs() {
    return Holder.SQS;
  }

  /// Where that cloud's functions send what they can never take of the stream.
  public static String eventsDeadQueueUrl() {
    return String.valueOf(shared().config().get("budget.events-dead-queue-url"));
  }

  /// Puts into a cloud what the local build puts into an empty one: a tenant `demo`, a key for
  /// every role and a price table.
  public static void fill(LocalCloud cloud) {
    try (DynamoDbClient dynamoDb = dynamoDb(cloud).build();
        S3Client s3 = s3(cloud)) {
      TestConfiguration configuration =
          new TestConfiguration(cloud, dynamoDb, s3, Clock.systemUTC());
      new FirstData(
              configuration.createTenant,
              new PriceStore(s3, cloud.definitions().pricesBucket().name()),
              configuration.publisher)
          .onStart(new StartupEvent());
    }
  }

  /// In memory, on the DynamoDB and the SQS that `BUDGET_LOCAL_DYNAMODB` and `BUDGET_LOCAL_SQS`
  /// name where they name one: the same suites run on any.
  private static LocalSettings settings() {
    LocalSettings told = LocalSettings.fromEnvironment();
    return new LocalSettings(Optional.empty(), told.dynamoDb(), told.sqs(), 0, 0, 0, told.prefix());
  }

  private static final class Holder {
    static final LocalCloud CLOUD = LocalCloud.start(settings());
    static final SqsClient SQS = sqs(CLOUD);

    static {
      Runtime.getRuntime().addShutdownHook(new Thread(CLOUD::close, "local-cloud-for-tests"));
    }
  }
}
