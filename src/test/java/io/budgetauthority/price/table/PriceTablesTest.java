package io.budgetauthority.price.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestClock;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.ConditionalWrites;
import io.budgetauthority.price.LostAnswer;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.cost.Pricing;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.price.table.IncomingPrices.Taken;
import io.budgetauthority.price.table.PriceTables.Drafted;
import io.budgetauthority.price.table.PriceTables.Published;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.s3.S3Client;

/// How a price table comes into force, on a real S3 server.
@Timeout(60)
class PriceTablesTest {

  private static final LocalCloud CLOUD = LocalCloudForTests.shared();
  private static final S3Client S3 = LocalCloudForTests.s3(CLOUD);

  private final String bucket = "prices-" + UUID.randomUUID();
  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:00Z"));
  private final Process one = new Process();

  PriceTablesTest() {
    S3.createBucket(create -> create.bucket(bucket));
  }

  /// What one process has of prices.
  private final class Process {
    final PriceStore store;
    final PriceBook book;
    final PriceTables tables;
    final IncomingPrices incoming;

    Process(ExecutionInterceptor... interceptors) {
      S3Client client =
          S3Client.builder()
              .httpClientBuilder(ApacheHttpClient.builder())
              .endpointOverride(CLOUD.s3Endpoint())
              .forcePathStyle(true)
              .region(LocalCloud.region())
              .credentialsProvider(LocalCloud.credentials())
              .overrideConfiguration(
                  override -> List.of(interceptors).forEach(override::addExecutionInterceptor))
              .build();
      this.store = new PriceStore(client, bucket);
      this.book = new PriceBook(store);
      this.tables = new PriceTables(store, book, clock);
      this.incoming = new IncomingPrices(store, tables);
    }

    Drafted.Draft draft(String... rows) {
      return assertInstanceOf(Drafted.Draft.class, tables.draft(source(rows), "a test", "ops"));
    }

    PriceTableRecord publish(PriceTableRecord draft, RowName... zeros) {
      Published outcome = tables.publish(draft.version(), true, List.of(zeros), "ops");
      return assertInstanceOf(Published.Done.class, outcome).table();
    }
  }

  private static byte[] source(String... rows) {
    return ("{" + String.join(", ", rows) + "}").getBytes(StandardCharsets.UTF_8);
  }

  private static String row(String model, String inputPrice) {
    return """
    "%s": {"litellm_provider": "p", "mode": "chat",
           "input_cost_per_token": %s, "output_cost_per_token": %s}\
    """
        .formatted(model, inputPrice, inputPrice);
  }

  private void drop(String key, byte[] bytes) {
    S3.putObject(put -> put.bucket(bucket).key(key), RequestBody.fromBytes(bytes));
  }

  @Test
  void whenAReviewIsAccepted_itsDraftIsInForceAtOnce() {
    Drafted.Draft draft = one.draft(row("m", "1e-6"));

    assertTrue(one.book.current().isEmpty(), "a draft is not in force");
    assertFalse(draft.review().clean(), "a first table is never clean");
    assertInstanceOf(
        Published.Unaccepted.class,
        one.tables.publish(draft.table().version(), false, List.of(), "ops"));
    assertTrue(one.store.current().isEmpty());

    PriceTableRecord published = one.publish(draft.table());
    assertEquals("ops", published.publishedBy());
    assertEquals(draft.table().version(), one.book.current().orElseThrow().version());
    assertEquals(published.publishedAt(), one.book.inForceSince().orElseThrow());
    assertEquals(List.of(published), one.tables.list(10, null));
    assertEquals(draft.review(), one.tables.find(draft.table().version()).orElseThrow().review());
  }

  @Test
  void whenAReviewIsClean_nobodyNeedsToAcceptIt() {
    one.publish(one.draft(row("a", "1e-6")).table());

    Drafted.Draft more = one.draft(row("a", "1e-6"), row("b", "1e-6"));
    assertTrue(more.review().clean());
    assertInstanceOf(
        Published.Done.class, one.tables.publish(more.table().version(), false, List.of(), "ops"));
  }

  @Test
  void whenASourceIsDraftedTwice_itIsOneDraftPerBaseTable() {
    Drafted.Draft first = one.draft(row("m", "1e-6"));
    clock.advance(Duration.ofHours(1));
    assertEquals(first, one.draft(row("m", "1e-6")));
    one.publish(first.table());
    PriceTableRecord second = one.draft(row("m", "2e-6")).table();
    one.publish(second);

    Drafted.Draft back = one.draft(row("m", "1e-6"));
    assertNotEquals(first.table().version(), back.table().version());
    assertEquals(second.version(), back.table().previousVersion());
    assertEquals(1, back.review().pricesDown().size() / 2, "input and output fall again");
    one.publish(back.table());
    assertEquals(back.table().version(), one.book.current().orElseThrow().version());
  }

  @Test
  void whenAPublicationIsRepeated_nothingChanges() {
    PriceTableRecord first = one.draft(row("m", "1e-6")).table();
    PriceTableRecord published = one.publish(first);
    assertEquals(published, one.publish(first));
    PriceTableRecord second = one.publish(one.draft(row("m", "2e-6")).table());

    assertEquals(published, one.publish(first));
    assertEquals(second.version(), one.book.current().orElseThrow().version());
  }

  @Test
  void whenADraftsBaseTableHasChanged_itIsNotPublished() {
    PriceTableRecord early = one.draft(row("m", "1e-6")).table();
    PriceTableRecord late = one.draft(row("m", "3e-6")).table();
    one.publish(early);

    Published outcome = one.tables.publish(late.version(), true, List.of(), "ops");

    assertEquals(new Published.Moved("none", early.version()), outcome);
    assertEquals(early.version(), one.store.current().orElseThrow().version());
    assertFalse(one.store.readRecord(late.version()).orElseThrow().published());
  }

  @Test
  void whenAReviewIsAccepted_onlyNamedRowsOfZerosAreApproved() {
    Drafted.Draft draft = one.draft(row("free", "0"), row("also", "0"), row("m", "1e-6"));
    RowName free = new RowName("p", "free");
    assertEquals(List.of(new RowName("p", "also"), free), draft.review().allZero());

    String version = draft.table().version();
    for (RowName wrong : List.of(new RowName("p", "m"), new RowName("q", "free"))) {
      assertEquals(
          new Published.NotZero(1), one.tables.publish(version, true, List.of(free, wrong), "ops"));
    }
    one.publish(draft.table(), free);

    PriceTable table = one.book.current().orElseThrow();
    assertTrue(table.hasApprovedRow(free));
    assertFalse(table.hasApprovedRow(new RowName("p", "also")));
    Bounds bounds = new Bounds(1, 1, Parts.NONE, Map.of(), Map.of(), Bounds.DEFAULT_TIER);
    assertTrue(Pricing.unpricedBecause(found(table, "free"), bounds).isEmpty());
    assertTrue(Pricing.unpricedBecause(found(table, "also"), bounds).isPresent());
    assertInstanceOf(
        Published.OtherApprovals.class,
        one.tables.publish(version, true, List.of(new RowName("p", "also")), "ops"));
  }

  private static Price found(PriceTable table, String model) {
    return assertInstanceOf(PriceTable.Found.Row.class, table.find(null, model)).price();
  }

  @Test
  void whenARowOfZerosIsApproved_itStaysSoUntilItGetsAPrice() {
    RowName free = new RowName("p", "free");
    one.publish(one.draft(row("free", "0")).table(), free);

    Drafted.Draft next = one.draft(row("free", "0"), row("m", "1e-6"));
    assertEquals(List.of(free), next.review().zeroApproved());
    assertEquals(List.of(), next.review().allZero());
    assertTrue(one.publish(next.table()).published());
    assertTrue(one.book.current().orElseThrow().hasApprovedRow(free));

    one.publish(one.draft(row("free", "1e-6"), row("m", "1e-6")).table());
    Drafted.Draft again = one.draft(row("free", "0"), row("m", "1e-6"));
    assertEquals(List.of(free), again.review().allZero());
  }

  @Test
  void whenASourceCannotBeImported_itIsNoDraft() {
    Drafted outcome = one.tables.draft(source(row("m", "\"cheap\"")), "a test", "ops");

    PriceReview review = assertInstanceOf(Drafted.Invalid.class, outcome).review();
    assertEquals("m", review.problems().getFirst().model());
    assertEquals("input_cost_per_token", review.problems().getFirst().field());
    assertFalse(review.clean());
    assertEquals(List.of(), one.tables.list(10, null));
    assertInstanceOf(
        Published.Unknown.class, one.tables.publish(review.version(), true, List.of(), "ops"));
    assertInstanceOf(
        Published.Unknown.class, one.tables.publish("../records/x", true, List.of(), "ops"));
  }

  @Test
  void whenVersionsAreListed_theNewestDayIsFirstByPages() {
    List<String> published = new ArrayList<>();
    for (int day = 0; day < 5; day++) {
      published.addFirst(one.publish(one.draft(row("m", (day + 1) + "e-6")).table()).version());
      clock.advance(Duration.ofDays(1));
    }

    List<String> listed = new ArrayList<>();
    String after = null;
    for (int page = 0; page < 3; page++) {
      List<PriceTableRecord> found = one.tables.list(2, after);
      found.forEach(it -> listed.add(it.version()));
      after = found.getLast().version();
    }
    assertEquals(published, listed);
    for (String version : listed) {
      assertEquals(version, one.book.table(version).orElseThrow().version(), "kept and readable");
    }
  }

  @Test
  void whenATableHasNoReview_itIsListedToo() {
    PriceTable first =
        new PriceTable(
            "2026-11-24",
            Instant.parse("2026-11-24T00:00:00Z"),
            "the first",
            List.of(TestAuthority.price("m", 1, 1)));
    one.store.publish(first);

    PriceTableRecord found = one.tables.list(10, null).getFirst();
    assertEquals("2026-11-24", found.version());
    assertTrue(found.published());
    PriceTableRecord next = one.publish(one.draft(row("m", "1e-6")).table());
    assertEquals("2026-11-24", next.previousVersion());
    assertEquals(2, one.tables.list(10, null).size());
  }

  @Test
  void whenTwoProcessesPublishAtOnce_oneIsToldItsBaseChanged() throws Exception {
    for (int repetition = 0; repetition < 10; repetition++) {
      ConditionalWrites conditions = new ConditionalWrites(S3);
      Process left = new Process(conditions);
      Process right = new Process(conditions);
      PriceTableRecord a = left.draft(row("m", "1" + repetition + "e-6")).table();
      PriceTableRecord b = right.draft(row("m", "2" + repetition + "e-6")).table();

      List<Published> outcomes =
          atOnce(
              () -> left.tables.publish(a.version(), true, List.of(), "left"),
              () -> right.tables.publish(b.version(), true, List.of(), "right"));

      List<Published> done = outcomes.stream().filter(it -> it instanceof Published.Done).toList();
      assertEquals(1, done.size(), outcomes.toString());
      assertEquals(
          1, outcomes.stream().filter(it -> it instanceof Published.Moved).count(), "the loser");
      PriceTableRecord winner = ((Published.Done) done.getFirst()).table();
      assertEquals(winner.version(), left.store.current().orElseThrow().version());
      assertTrue(left.store.readRecord(winner.version()).orElseThrow().published());
      PriceTableRecord loser = winner.version().equals(a.version()) ? b : a;
      assertFalse(left.store.readRecord(loser.version()).orElseThrow().published());
      one.book.refresh();
      assertEquals(winner.version(), one.book.current().orElseThrow().version());
    }
  }

  @Test
  void whenTwoProcessesPublishOneDraft_itIsPublishedOnce() throws Exception {
    ConditionalWrites conditions = new ConditionalWrites(S3);
    Process left = new Process(conditions);
    Process right = new Process(conditions);
    PriceTableRecord draft = left.draft(row("m", "1e-6"), row("free", "0")).table();
    List<RowName> zeros = List.of(new RowName("p", "free"));

    List<Published> outcomes =
        atOnce(
            () -> left.tables.publish(draft.version(), true, zeros, "left"),
            () -> right.tables.publish(draft.version(), true, zeros, "right"));

    assertEquals(outcomes.getFirst(), outcomes.getLast());
    assertInstanceOf(Published.Done.class, outcomes.getFirst());
  }

  @SafeVarargs
  private static List<Published> atOnce(Callable<Published>... calls) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(calls.length);
    try (ExecutorService threads = Executors.newFixedThreadPool(calls.length)) {
      List<Future<Published>> futures = new ArrayList<>();
      for (Callable<Published> call : calls) {
        futures.add(
            threads.submit(
                () -> {
                  barrier.await();
                  return call.call();
                }));
      }
      List<Published> outcomes = new ArrayList<>();
      for (Future<Published> future : futures) {
        outcomes.add(future.get());
      }
      return outcomes;
    }
  }

  @Test
  void whenAPublicationsAnswerIsLost_aRetryCompletesIt() {
    PriceTableRecord first = one.publish(one.draft(row("m", "1e-6")).table());
    PriceTableRecord draft = one.draft(row("m", "2e-6")).table();
    LostAnswer lost = new LostAnswer("prices/current");
    Process unlucky = new Process(lost);

    assertThrows(
        RuntimeException.class,
        () -> unlucky.tables.publish(draft.version(), true, List.of(), "unlucky"));
    assertEquals(draft.version(), one.store.current().orElseThrow().version());
    assertFalse(one.store.readRecord(draft.version()).orElseThrow().published());

    PriceTableRecord published = one.publish(draft);
    assertEquals("unlucky", published.publishedBy(), "it was that one");
    assertEquals(
        Collections.singletonList(first.version()),
        one.tables.list(10, null).stream()
            .map(PriceTableRecord::version)
            .filter(version -> !version.equals(draft.version()))
            .toList());
  }

  @Test
  void whenADroppedFileHasACleanReview_itIsPublishedOnce() {
    one.publish(one.draft(row("a", "1e-6")).table());
    drop("incoming/prices.json", source(row("a", "1e-6"), row("b", "1e-6")));

    Taken first = one.incoming.take("incoming/prices.json");
    PriceTableRecord published = assertInstanceOf(Taken.Published.class, first).table();
    assertEquals("incoming", published.createdBy());
    assertEquals("incoming", published.publishedBy());
    assertEquals("incoming/prices.json", published.source());
    assertEquals(published.version(), one.book.current().orElseThrow().version());
    assertEquals(first, one.incoming.take("incoming/prices.json"));

    one.publish(one.draft(row("a", "1e-6"), row("c", "1e-6")).table());
    String inForce = one.store.current().orElseThrow().version();
    clock.advance(Duration.ofDays(3));
    assertEquals(first, new Process().incoming.take("incoming/prices.json"), "days later");
    assertEquals(inForce, one.store.current().orElseThrow().version());
    assertEquals(3, one.tables.list(10, null).size());
  }

  @Test
  void whenADroppedFilesReviewIsNotClean_itWaitsForAcceptance() {
    one.publish(one.draft(row("m", "1e-6")).table());
    drop("incoming/prices.json", source(row("m", "2e-6")));

    Taken.Waiting waiting =
        assertInstanceOf(Taken.Waiting.class, one.incoming.take("incoming/prices.json"));
    assertEquals(waiting, one.incoming.take("incoming/prices.json"));
    clock.advance(Duration.ofDays(1));
    assertEquals(waiting, one.incoming.take("incoming/prices.json"), "is still the same draft");
    assertNotEquals(waiting.table().version(), one.store.current().orElseThrow().version());

    PriceTableRecord published = one.publish(waiting.table());
    assertEquals(new Taken.Published(published), one.incoming.take("incoming/prices.json"));
  }

  @Test
  void whenAnotherTableIsInForce_aWaitingFileIsReviewedAgain() {
    one.publish(one.draft(row("m", "1e-6")).table());
    drop("incoming/prices.json", source(row("m", "2e-6"), row("n", "1e-6")));
    assertInstanceOf(Taken.Waiting.class, one.incoming.take("incoming/prices.json"));
    one.publish(one.draft(row("m", "2e-6")).table());

    assertInstanceOf(Taken.Published.class, one.incoming.take("incoming/prices.json"));
  }

  @Test
  void whenADroppedFileIsNoPriceFile_itIsRefusedForGood() {
    drop("incoming/broken.json", "{".getBytes(StandardCharsets.UTF_8));
    drop("incoming/huge.json", new byte[PriceTables.MAX_SOURCE_BYTES + 1]);

    for (String key : List.of("incoming/broken.json", "incoming/huge.json")) {
      Taken.Refused refused = assertInstanceOf(Taken.Refused.class, one.incoming.take(key));
      assertFalse(refused.review().problems().isEmpty());
      clock.advance(Duration.ofDays(1));
      assertEquals(refused, one.incoming.take(key));
    }
    assertInstanceOf(Taken.Gone.class, one.incoming.take("incoming/none.json"));
    drop("incoming/full.json", fullSource());
    assertInstanceOf(Taken.Waiting.class, one.incoming.take("incoming/full.json"));
    assertEquals(
        List.of("incoming/broken.json", "incoming/full.json", "incoming/huge.json"),
        one.incoming.found().stream().map(IncomingPrices.Found::key).sorted().toList());
  }

  /// A source of exactly as many bytes as one may have.
  private static byte[] fullSource() {
    byte[] full = new byte[PriceTables.MAX_SOURCE_BYTES];
    Arrays.fill(full, (byte) ' ');
    byte[] source = source(row("m", "1e-6"));
    System.arraycopy(source, 0, full, 0, source.length);
    return full;
  }

  @Test
  void whenADroppedFileIsRefused_theTableInForceIsItsBase() {
    PriceTableRecord inForce = one.publish(one.draft(row("m", "1e-6")).table());
    drop("incoming/huge.json", new byte[PriceTables.MAX_SOURCE_BYTES + 1]);

    Taken.Refused refused =
        assertInstanceOf(Taken.Refused.class, one.incoming.take("incoming/huge.json"));
    assertEquals(inForce.version(), refused.review().previousVersion());
    assertEquals(
        List.of(": has more than 4194304 bytes"),
        refused.review().problems().stream().map(PriceReview.Problem::toString).toList());
  }

  @Test
  void whenAPublicationHasEnded_theNextOneNeedNotWait() throws Exception {
    PriceTableRecord first = one.publish(one.draft(row("m", "1e-6")).table());
    Published again =
        CompletableFuture.supplyAsync(
                () -> one.tables.publish(first.version(), true, List.of(), "ops"))
            .get(30, TimeUnit.SECONDS);

    assertEquals(new Published.Done(first), again);
  }

  @Test
  void whenATableIsPublished_itsTimeAndPublisherAreRecorded() {
    PriceTableRecord draft = one.draft(row("m", "1e-6")).table();
    clock.advance(Duration.ofHours(1));

    PriceTableRecord published = one.publish(draft);
    assertEquals(clock.instant().minus(Duration.ofHours(1)), published.createdAt());
    assertEquals(clock.instant(), published.publishedAt());
    assertEquals("ops", published.publishedBy());
    assertEquals(clock.instant(), one.book.inForceSince().orElseThrow());
  }

  @Test
  void whenANameIsNoVersion_itIsUnknown() {
    PriceTableRecord draft = one.draft(row("m", "1e-6")).table();

    for (String name : List.of("", "-v", "a/b", "../records/" + draft.version(), "v".repeat(65))) {
      assertInstanceOf(
          Published.Unknown.class, one.tables.publish(name, true, List.of(), "ops"), name);
      assertTrue(one.tables.find(name).isEmpty(), name);
    }
    assertEquals(draft, one.tables.find(draft.version()).orElseThrow().table());
  }
}
