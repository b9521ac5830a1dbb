package io.budgetauthority.local;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndexDescription;
import software.amazon.awssdk.services.dynamodb.model.ResourceInUseException;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveStatus;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.CreateQueueRequest;

/// The AWS of the local build: DynamoDB, S3 and SQS, all on 127.0.0.1. They have the tables, the
/// bucket and the queues that `infra/` defines. Tables and objects are stored in the data folder;
/// messages are in memory.
///
/// One service at a time may use a data folder. Closing the cloud stops the servers and removes a
/// temporary folder. Safe for use by several threads once started.
public final class LocalCloud implements AutoCloseable {

  private static final String CREDENTIAL = "local";

  private final CloudDefinitions definitions;
  private final Map<String, String> config;
  private final Parts parts;

  private LocalCloud(CloudDefinitions definitions, Map<String, String> config, Parts parts) {
    this.definitions = definitions;
    this.config = Collections.unmodifiableMap(config);
    this.parts = parts;
  }

  /// Starts the servers in parallel, and creates what they lack of the definitions.
  ///
  /// @throws LocalCloudUnavailable with one line that says what to change
  public static LocalCloud start(LocalSettings settings) {
    QuietLoggers.silence();
    Parts parts = new Parts();
    try {
      DataFolder folder = parts.add(DataFolder.open(settings.data()));
      return startServers(settings, folder, parts);
    } catch (IOException e) {
      parts.close();
      throw new LocalCloudUnavailable("The local cloud cannot use its files: " + e, e);
    } catch (InterruptedException e) {
      parts.close();
      Thread.currentThread().interrupt();
      throw new LocalCloudUnavailable("The local cloud was interrupted while it started.", e);
    } catch (RuntimeException | Error e) {
      parts.close();
      throw e;
    }
  }

  /// The configuration of a service that uses this cloud, by the names of the properties.
  public Map<String, String> config() {
    return config;
  }

  /// The definitions that the tables, the bucket and the queues were created from.
  public CloudDefinitions definitions() {
    return definitions;
  }

  /// The endpoint of DynamoDB.
  public URI dynamoDbEndpoint() {
    return endpoint("dynamodb");
  }

  /// The endpoint of S3, which needs path-style addresses.
  public URI s3Endpoint() {
    return endpoint("s3");
  }

  /// The endpoint of SQS.
  public URI sqsEndpoint() {
    return endpoint("sqs");
  }

  /// The region of all services of the cloud.
  public static Region region() {
    return Region.of(Template.REGION);
  }

  /// Credentials that the servers accept.
  public static AwsCredentialsProvider credentials() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(CREDENTIAL, CREDENTIAL));
  }

  /// Stops all servers.
  @Override
  public void close() {
    parts.close();
  }

  private static LocalCloud startServers(LocalSettings settings, DataFolder folder, Parts parts)
      throws IOException, InterruptedException {
    try (SdkHttpClient http = ApacheHttpClient.create();
        ExecutorService starting = Executors.newCachedThreadPool()) {
      Future<CloudDefinitions> read =
          starting.submit(() -> CloudDefinitions.read(settings.prefix()));
      Future<Queues> queues = starting.submit(() -> startQueues(settings, read, http, parts));
      Future<URI> tables = starting.submit(() -> startTables(settings, folder, read, http, parts));
      Future<URI> buckets = starting.submit(() -> startObjects(settings, folder, read, parts));
      CloudDefinitions definitions = result(read);
      Map<String, String> config = new LinkedHashMap<>();
      configure("dynamodb", result(tables), config);
      configure("s3", result(buckets), config);
      configure("sqs", result(queues).endpoint(), config);
      config.put("quarkus.s3.path-style-access", "true");
      config.put("budget.ledger-table", definitions.ledgerTable().create().tableName());
      config.put("budget.decisions-table", definitions.decisionsTable().create().tableName());
      config.put("budget.attribution-table", definitions.attributionTable().create().tableName());
      config.put("budget.bucket", definitions.pricesBucket().name());
      config.put("budget.usage-queue-url", result(queues).usageUrl());
      config.put("budget.usage-dead-queue-url", result(queues).usageDeadUrl());
      config.put("budget.events-dead-queue-url", result(queues).eventsDeadUrl());
      config.put("budget.usage-outage-delay", "5s");
      config.put("budget.transactions-at-once", "2");
      config.put("quarkus.http.host", "127.0.0.1");
      QuietLoggers.NAMES.forEach(
          name -> config.put("quarkus.log.category.\"" + name + "\".level", "WARN"));
      config.put(
          "quarkus.log.category.\"" + QuietLoggers.MISSING_OBJECTS.getName() + "\".level", "OFF");
      return new LocalCloud(definitions, config, parts);
    }
  }

  private static URI startTables(
      LocalSettings settings,
      DataFolder folder,
      Future<CloudDefinitions> definitions,
      SdkHttpClient http,
      Parts parts)
      throws IOException, InterruptedException {
    URI endpoint;
    if (settings.dynamoDb().isPresent()) {
      endpoint = settings.dynamoDb().get();
      System.out.println("DynamoDB is what BUDGET_LOCAL_DYNAMODB names, " + endpoint + ".");
    } else {
      Dynoxide dynoxide = Dynoxide.start(DynoxideProgram.find(), folder, settings.dynamoDbPort());
      endpoint = parts.add(dynoxide).endpoint();
    }
    try (DynamoDbClient client =
        DynamoDbClient.builder()
            .httpClient(http)
            .endpointOverride(endpoint)
            .region(region())
            .credentialsProvider(credentials())
            .build()) {
      result(definitions).tables().values().forEach(table -> make(table, client));
    } catch (SdkClientException e) {
      throw new LocalCloudUnavailable(
          "No DynamoDB answers at " + endpoint + ": see BUDGET_LOCAL_DYNAMODB.", e);
    }
    return endpoint;
  }

  private static void make(CloudDefinitions.Table table, DynamoDbClient client) {
    CreateTableRequest wanted = table.create();
    try {
      client.createTable(wanted);
    } catch (ResourceInUseException _) {
      requireSame(wanted, client.describeTable(it -> it.tableName(wanted.tableName())).table());
    }
    table
        .timeToLive()
        .filter(
            _ ->
                client
                        .describeTimeToLive(it -> it.tableName(wanted.tableName()))
                        .timeToLiveDescription()
                        .timeToLiveStatus()
                    == TimeToLiveStatus.DISABLED)
        .ifPresent(client::updateTimeToLive);
  }

  /// Refuses a table that differs, because a folder may be older than the definitions.
  private static void requireSame(CreateTableRequest wanted, TableDescription found) {
    List<String> wantedIndexes =
        wanted.globalSecondaryIndexes().stream()
            .map(GlobalSecondaryIndex::indexName)
            .sorted()
            .toList();
    List<String> foundIndexes =
        found.globalSecondaryIndexes().stream()
            .map(GlobalSecondaryIndexDescription::indexName)
            .sorted()
            .toList();
    if (!wanted.keySchema().equals(found.keySchema()) || !wantedIndexes.equals(foundIndexes)) {
      throw new LocalCloudUnavailable(
          "The table "
              + wanted.tableName()
              + " was made by another version, with other keys or indexes: set BUDGET_LOCAL_DATA to"
              + " another folder, or remove the old one.");
    }
  }

  private static Queues startQueues(
      LocalSettings settings, Future<CloudDefinitions> read, SdkHttpClient http, Parts parts)
      throws IOException, InterruptedException {
    URI endpoint =
        settings.sqs().isPresent()
            ? settings.sqs().get()
            : parts.add(LocalQueues.start(settings.sqsPort())).endpoint();
    try (SqsClient client =
        SqsClient.builder()
            .httpClient(http)
            .endpointOverride(endpoint)
            .region(region())
            .credentialsProvider(credentials())
            .build()) {
      CloudDefinitions definitions = result(read);
      definitions.queues().values().forEach(client::createQueue);
      return new Queues(
          endpoint,
          url(client, definitions.usageQueue()),
          url(client, definitions.usageDeadQueue()),
          url(client, definitions.eventsDeadQueue()));
    } catch (SdkClientException e) {
      throw new LocalCloudUnavailable(
          "No SQS answers at " + endpoint + ": see BUDGET_LOCAL_SQS.", e);
    }
  }

  private static String url(SqsClient client, CreateQueueRequest queue) {
    return client.getQueueUrl(it -> it.queueName(queue.queueName())).queueUrl();
  }

  private record Queues(URI endpoint, String usageUrl, String usageDeadUrl, String eventsDeadUrl) {}

  private static URI startObjects(
      LocalSettings settings, DataFolder folder, Future<CloudDefinitions> read, Parts parts)
      throws IOException, InterruptedException {
    LocalObjects server = parts.add(LocalObjects.start(folder.objects(), settings.s3Port()));
    result(read).buckets().values().forEach(server::make);
    return server.endpoint();
  }

  private static void configure(String service, URI endpoint, Map<String, String> config) {
    String prefix = "quarkus." + service + ".";
    config.put(prefix + "endpoint-override", endpoint.toString());
    config.put(prefix + "aws.region", Template.REGION);
    config.put(prefix + "aws.credentials.type", "static");
    config.put(prefix + "aws.credentials.static-provider.access-key-id", CREDENTIAL);
    config.put(prefix + "aws.credentials.static-provider.secret-access-key", CREDENTIAL);
  }

  private URI endpoint(String service) {
    String endpoint = config.get("quarkus." + service + ".endpoint-override");
    if (endpoint == null) {
      throw new IllegalStateException("The local cloud has no " + service);
    }
    return URI.create(endpoint);
  }

  private static <T> T result(Future<T> started) throws IOException, InterruptedException {
    try {
      return started.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case IOException cause -> throw cause;
        case InterruptedException cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  /// The parts that were started, which are stopped in the opposite order. If one fails to stop,
  /// the others are stopped all the same.
  private static final class Parts {

    private final Deque<AutoCloseable> started = new ArrayDeque<>();

    synchronized <T extends AutoCloseable> T add(T part) {
      started.push(part);
      return part;
    }

    synchronized void close() {
      List<Exception> failures = new ArrayList<>();
      while (!started.isEmpty()) {
        try {
          started.pop().close();
        } catch (Exception e) {
          failures.add(e);
        }
      }
      if (!failures.isEmpty()) {
        IllegalStateException unclean =
            new IllegalStateException("The local cloud did not stop cleanly");
        failures.forEach(unclean::addSuppressed);
        throw unclean;
      }
    }
  }
}
