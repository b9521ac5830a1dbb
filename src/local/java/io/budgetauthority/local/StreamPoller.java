package io.budgetauthority.local;

import io.budgetauthority.BudgetConfig;
import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.notification.Notifications;
import io.budgetauthority.notification.Thresholds;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.store.Policies;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.DescribeStreamResponse;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.GetRecordsResponse;
import software.amazon.awssdk.services.dynamodb.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.Shard;
import software.amazon.awssdk.services.dynamodb.model.ShardIteratorType;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;

/// Replaces Lambda's event source in the local build. It reads the stream of the decisions table
/// and hands over its records, one batch of a shard at a time, and a shard after its parent. It
/// stores its position in the attribution table after each batch that was processed. A service that
/// is killed therefore repeats the batch that it was in, and the position is part of the data
/// folder.
@Singleton
final class StreamPoller {

  private static final Logger LOG = Logger.getLogger("budget.stream");
  private static final String POSITION = "stream-position";

  /// The position of a shard that was read to its end.
  private static final String END = "end";

  private static final int BATCH = 200;
  private static final Duration IDLE = Duration.ofMillis(200);
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);
  private static final Duration AFTER_A_FAULT = Duration.ofSeconds(1);

  /// Starts this after the first data is stored, when the tables exist.
  private static final int LAST = 4_000;

  private final DynamoDbClient dynamoDb;
  private final Database database;
  private final String decisionsTable;
  private final String attributionTable;
  private final DecisionsStream stream;
  private final DynamoDbStreamsClient streams;
  private final Thread thread;
  private volatile boolean stopping;

  /// The iterators of the shards that are being read. Only the thread uses this field and the next.
  private final Map<Place, String> open = new LinkedHashMap<>();

  private long openedNanos;

  StreamPoller(
      DynamoDbClient dynamoDb,
      AttributionTable table,
      Policies policies,
      LocalEvents events,
      Clock clock,
      @ConfigProperty(name = "quarkus.dynamodb.endpoint-override") URI endpoint,
      BudgetConfig config) {
    this.dynamoDb = dynamoDb;
    this.database = new Database(dynamoDb);
    this.decisionsTable = config.decisionsTable();
    this.attributionTable = config.attributionTable();
    this.stream =
        new DecisionsStream(
            new AttributionStream(table, policies),
            new Notifications(new Thresholds(database, config.attributionTable(), clock), events),
            clock);
    this.streams =
        DynamoDbStreamsClient.builder()
            .httpClientBuilder(ApacheHttpClient.builder())
            .endpointOverride(endpoint)
            .region(LocalCloud.region())
            .credentialsProvider(LocalCloud.credentials())
            .build();
    this.thread = Thread.ofPlatform().daemon().name("decisions-stream").unstarted(this::run);
  }

  void onStart(@Observes @Priority(LAST) StartupEvent event) {
    thread.start();
  }

  void onStop(@Observes ShutdownEvent event) throws InterruptedException {
    stopping = true;
    thread.interrupt();
    thread.join();
    streams.close();
  }

  private void run() {
    while (!stopping) {
      try {
        pause(poll() ? Duration.ZERO : IDLE);
      } catch (Throwable e) {
        open.clear();
        if (!stopping) {
          LOG.errorf(e, "the decisions' stream stands still; the same batch is tried again");
          pause(AFTER_A_FAULT);
        }
      }
    }
  }

  private void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      // The thread that interrupts this one has set `stopping` before.
      Thread.currentThread().interrupt();
    }
  }

  /// Reads a batch of every open shard. The result is whether a batch was full, so that more
  /// records may be available. It is better to wait after a batch that is not full, because each
  /// batch costs the database the same.
  private boolean poll() {
    if (System.nanoTime() - openedNanos > LOOK_AGAIN.toNanos() || open.isEmpty()) {
      open();
    }
    boolean any = false;
    for (Map.Entry<Place, String> shard : open.entrySet()) {
      any |= read(shard);
    }
    open.values().removeIf(END::equals);
    return any;
  }

  /// Finds the shards to read, and their positions.
  private void open() {
    open.clear();
    String arn =
        dynamoDb.describeTable(it -> it.tableName(decisionsTable)).table().latestStreamArn();
    List<Shard> shards = shards(arn);
    Map<String, String> positions = new HashMap<>();
    for (Shard shard : shards) {
      String position = position(new Place(arn, shard.shardId()));
      if (position != null) {
        positions.put(shard.shardId(), position);
      }
    }
    for (Shard shard : shards) {
      String position = positions.get(shard.shardId());
      if (!END.equals(position) && isParentDone(shard, shards, positions)) {
        Place place = new Place(arn, shard.shardId());
        open.put(place, iterator(place, position));
      }
    }
    openedNanos = System.nanoTime();
  }

  private List<Shard> shards(String arn) {
    List<Shard> shards = new ArrayList<>();
    String last = null;
    do {
      String after = last;
      DescribeStreamResponse page =
          streams.describeStream(it -> it.streamArn(arn).exclusiveStartShardId(after));
      shards.addAll(page.streamDescription().shards());
      last = page.streamDescription().lastEvaluatedShardId();
    } while (last != null);
    return shards;
  }

  /// Whether the parent of a shard was read to its end. A record of the shard may follow one of its
  /// parent.
  private static boolean isParentDone(
      Shard shard, List<Shard> shards, Map<String, String> positions) {
    String parent = shard.parentShardId();
    return parent == null
        || shards.stream().noneMatch(it -> it.shardId().equals(parent))
        || END.equals(positions.get(parent));
  }

  private boolean read(Map.Entry<Place, String> shard) {
    GetRecordsResponse answer =
        streams.getRecords(it -> it.shardIterator(shard.getValue()).limit(BATCH));
    List<StreamRecord> batch = answer.records().stream().map(StreamPoller::record).toList();
    if (!batch.isEmpty()) {
      for (DecisionsStream.Unreadable unreadable : stream.consume(batch)) {
        LOG.errorf(
            "record %s of the decisions' stream is left out: %s",
            unreadable.sequenceNumber(), unreadable.reason());
      }
      keep(shard.getKey(), batch.getLast().sequenceNumber());
    }
    String next = answer.nextShardIterator();
    if (next == null) {
      keep(shard.getKey(), END);
    }
    shard.setValue(next == null ? END : next);
    return batch.size() == BATCH;
  }

  private String iterator(Place place, @Nullable String position) {
    GetShardIteratorRequest.Builder request =
        GetShardIteratorRequest.builder().streamArn(place.arn()).shardId(place.shard());
    if (position != null) {
      try {
        return streams
            .getShardIterator(
                request
                    .shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                    .sequenceNumber(position)
                    .build())
            .shardIterator();
      } catch (DynamoDbException e) {
        if (e.statusCode() >= 500) {
          throw e;
        }
        LOG.warnf(
            "the stream does not know the position %s any more and is read from its beginning,"
                + " which adds nothing twice: %s",
            position, e.getMessage());
      }
    }
    return streams
        .getShardIterator(
            request.shardIteratorType(ShardIteratorType.TRIM_HORIZON).sequenceNumber(null).build())
        .shardIterator();
  }

  private static StreamRecord record(Record record) {
    return new StreamRecord(
        record.dynamodb().sequenceNumber(),
        record.dynamodb().approximateCreationDateTime(),
        imageOf(record.dynamodb().oldImage()),
        imageOf(record.dynamodb().newImage()));
  }

  private static Attributes imageOf(@Nullable Map<String, AttributeValue> image) {
    return image == null ? Attributes.NONE : Attributes.of(image);
  }

  private @Nullable String position(Place place) {
    return database
        .get(attributionTable, place.key(), Deadline.ofRequest())
        .map(item -> item.textOrNull("at"))
        .orElse(null);
  }

  private void keep(Place place, String position) {
    Attributes item = Attributes.at(place.key()).put("at", position).build();
    var unused = database.write(new Write.Put(attributionTable, item), Deadline.ofRequest());
  }

  /// A shard of a stream, and the key of its stored position.
  private record Place(String arn, String shard) {
    Key key() {
      return new Key(POSITION, arn + ' ' + shard);
    }
  }
}
