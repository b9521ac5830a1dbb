package io.budgetauthority.ledger.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.storage.Write;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;

/// What is wanted at the same time is read together (ledger.md#group-commit).
class ReadGroupsTest {

  private static final int CALLS = 40;

  private final String table =
      LocalCloudForTests.shared().definitions().ledgerTable().create().tableName();
  private final String partition = "read-groups-" + UUID.randomUUID();
  private final Database database = new Database(LocalCloudForTests.dynamoDb().build());
  private final ReadGroups groups = new ReadGroups(database, 1);
  private final AtomicInteger alone = new AtomicInteger();

  private static Deadline deadline() {
    return Deadline.in(Duration.ofSeconds(20));
  }

  private Key key(int number) {
    return new Key(partition, "item-" + number);
  }

  private Map<String, List<Key>> keys(int number) {
    return Map.of(table, List.of(key(number), key(number + 1)));
  }

  private List<Attributes> read(int number) {
    return groups.getAll(
        keys(number),
        deadline(),
        () -> {
          alone.incrementAndGet();
          return database.getAll(keys(number), deadline());
        });
  }

  /// One read that lasts until the others wait, so that these become a batch.
  private List<Future<List<Attributes>>> whileOneReads(
      ExecutorService threads, ReadGroups groups, IntFunction<List<Attributes>> read)
      throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch arrived = new CountDownLatch(CALLS);
    Future<List<Attributes>> first =
        threads.submit(
            () ->
                groups.getAll(
                    keys(0),
                    deadline(),
                    () -> {
                      started.countDown();
                      await(arrived);
                      return List.of();
                    }));
    started.await();
    List<Future<List<Attributes>>> others = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      int number = i;
      others.add(
          threads.submit(
              () -> {
                arrived.countDown();
                return read.apply(number);
              }));
    }
    assertThat(first.get()).isEmpty();
    return others;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whenOneReadsAlone_itReadsAsItWould() {
    assertThat(read(1)).isEmpty();
    assertThat(alone).hasValue(1);
  }

  @Test
  void whenManyReadAtOnce_eachGetsItsOwnItems() throws Exception {
    for (int i = 0; i < CALLS; i += 3) {
      assertThat(
              database
                  .write(
                      new Write.Put(table, Attributes.at(key(i)).put("number", i).build()),
                      deadline())
                  .isDone())
          .isTrue();
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Attributes>>> reads = whileOneReads(threads, groups, this::read);
      for (int i = 0; i < CALLS; i++) {
        List<Long> expected = new ArrayList<>();
        for (int wanted = i; wanted <= i + 1; wanted++) {
          if (wanted % 3 == 0 && wanted < CALLS) {
            expected.add((long) wanted);
          }
        }
        assertThat(reads.get(i).get())
            .as("%d", i)
            .extracting(item -> item.number("number"))
            .containsExactlyElementsOf(expected);
      }
    }
    // The last ones may come when nothing else is read any more.
    assertThat(alone.get()).isLessThan(CALLS / 4);
  }

  @Test
  void whenManyWantTheSameKeys_theyAreOneBatch() throws Exception {
    AtomicInteger batches = new AtomicInteger();
    Database counted = countingBatches(batches);
    ReadGroups one = new ReadGroups(counted, 1);
    List<Key> shared = IntStream.range(0, 50).mapToObj(this::key).toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var others =
          whileOneReads(
              threads,
              one,
              number -> {
                Map<String, List<Key>> keys = Map.of(table, shared);
                return one.getAll(keys, deadline(), () -> counted.getAll(keys, deadline()));
              });
      for (Future<List<Attributes>> each : others) {
        assertThat(each.get()).isEmpty();
      }
    }

    assertThat(batches.get()).as("of %s reads of 50 keys", CALLS).isLessThan(CALLS / 4);
  }

  private static Database countingBatches(AtomicInteger batches) {
    ExecutionInterceptor counter =
        new ExecutionInterceptor() {
          @Override
          public void beforeTransmission(
              Context.BeforeTransmission context, ExecutionAttributes attributes) {
            if (context.request() instanceof BatchGetItemRequest) {
              batches.incrementAndGet();
            }
          }
        };
    return new Database(
        LocalCloudForTests.dynamoDb()
            .overrideConfiguration(it -> it.addExecutionInterceptor(counter))
            .build());
  }

  @Test
  void whenABatchFails_eachReadsAlone() throws Exception {
    Database broken =
        new Database(
            LocalCloudForTests.dynamoDb()
                .endpointOverride(URI.create("http://127.0.0.1:1"))
                .build());
    ReadGroups failing = new ReadGroups(broken, 1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Attributes>>> reads =
          whileOneReads(
              threads,
              failing,
              number ->
                  failing.getAll(
                      keys(number),
                      Deadline.in(Duration.ofMillis(900)),
                      () -> database.getAll(keys(number), deadline())));
      for (Future<List<Attributes>> read : reads) {
        assertThat(read.get()).isEmpty();
      }
    }
    assertThatThrownBy(() -> broken.getAll(keys(0), Deadline.in(Duration.ofMillis(50))))
        .isInstanceOf(StorageUnavailable.class);
  }
}
