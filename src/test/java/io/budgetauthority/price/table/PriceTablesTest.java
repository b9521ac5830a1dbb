package io.budgetauthority.price.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

    assertThat(one.book.current()).as("a draft is not in force").isEmpty();
    assertThat(draft.review().clean()).as("a first table is never clean").isFalse();
    assertThat(one.tables.publish(draft.table().version(), false, List.of(), "ops"))
        .isInstanceOf(Published.Unaccepted.class);
    assertThat(one.store.current()).isEmpty();

    PriceTableRecord published = one.publish(draft.table());
    assertThat(published.publishedBy()).isEqualTo("ops");
    assertThat(one.book.current().orElseThrow().version()).isEqualTo(draft.table().version());
    assertThat(one.book.inForceSince().orElseThrow()).isEqualTo(published.publishedAt());
    assertThat(one.tables.list(10, null)).isEqualTo(List.of(published));
    assertThat(one.tables.find(draft.table().version()).orElseThrow().review())
        .isEqualTo(draft.review());
  }

  @Test
  void whenAReviewIsClean_nobodyNeedsToAcceptIt() {
    one.publish(one.draft(row("a", "1e-6")).table());

    Drafted.Draft more = one.draft(row("a", "1e-6"), row("b", "1e-6"));
    assertThat(more.review().clean()).isTrue();
    assertThat(one.tables.publish(more.table().version(), false, List.of(), "ops"))
        .isInstanceOf(Published.Done.class);
  }

  @Test
  void whenASourceIsDraftedTwice_itIsOneDraftPerBaseTable() {
    Drafted.Draft first = one.draft(row("m", "1e-6"));
    clock.advance(Duration.ofHours(1));
    assertThat(one.draft(row("m", "1e-6"))).isEqualTo(first);
    one.publish(first.table());
    PriceTableRecord second = one.draft(row("m", "2e-6")).table();
    one.publish(second);

    Drafted.Draft back = one.draft(row("m", "1e-6"));
    assertThat(back.table().version()).isNotEqualTo(first.table().version());
    assertThat(back.table().previousVersion()).isEqualTo(second.version());
    assertThat(back.review().pricesDown().size() / 2)
        .as("input and output fall again")
        .isEqualTo(1);
    one.publish(back.table());
    assertThat(one.book.current().orElseThrow().version()).isEqualTo(back.table().version());
  }

  @Test
  void whenAPublicationIsRepeated_nothingChanges() {
    PriceTableRecord first = one.draft(row("m", "1e-6")).table();
    PriceTableRecord published = one.publish(first);
    assertThat(one.publish(first)).isEqualTo(published);
    PriceTableRecord second = one.publish(one.draft(row("m", "2e-6")).table());

    assertThat(one.publish(first)).isEqualTo(published);
    assertThat(one.book.current().orElseThrow().version()).isEqualTo(second.version());
  }

  @Test
  void whenADraftsBaseTableHasChanged_itIsNotPublished() {
    PriceTableRecord early = one.draft(row("m", "1e-6")).table();
    PriceTableRecord late = one.draft(row("m", "3e-6")).table();
    one.publish(early);

    Published outcome = one.tables.publish(late.version(), true, List.of(), "ops");

    assertThat(outcome).isEqualTo(new Published.Moved("none", early.version()));
    assertThat(one.store.current().orElseThrow().version()).isEqualTo(early.version());
    assertThat(one.store.readRecord(late.version()).orElseThrow().published()).isFalse();
  }

  @Test
  void whenAReviewIsAccepted_onlyNamedRowsOfZerosAreApproved() {
    Drafted.Draft draft = one.draft(row("free", "0"), row("also", "0"), row("m", "1e-6"));
    RowName free = new RowName("p", "free");
    assertThat(draft.review().allZero()).isEqualTo(List.of(new RowName("p", "also"), free));

    String version = draft.table().version();
    for (RowName wrong : List.of(new RowName("p", "m"), new RowName("q", "free"))) {
      assertThat(one.tables.publish(version, true, List.of(free, wrong), "ops"))
          .isEqualTo(new Published.NotZero(1));
    }
    one.publish(draft.table(), free);

    PriceTable table = one.book.current().orElseThrow();
    assertThat(table.hasApprovedRow(free)).isTrue();
    assertThat(table.hasApprovedRow(new RowName("p", "also"))).isFalse();
    Bounds bounds = new Bounds(1, 1, Parts.NONE, Map.of(), Map.of(), Bounds.DEFAULT_TIER);
    assertThat(Pricing.unpricedBecause(found(table, "free"), bounds)).isEmpty();
    assertThat(Pricing.unpricedBecause(found(table, "also"), bounds)).isPresent();
    assertThat(one.tables.publish(version, true, List.of(new RowName("p", "also")), "ops"))
        .isInstanceOf(Published.OtherApprovals.class);
  }

  private static Price found(PriceTable table, String model) {
    return assertInstanceOf(PriceTable.Found.Row.class, table.find(null, model)).price();
  }

  @Test
  void whenARowOfZerosIsApproved_itStaysSoUntilItGetsAPrice() {
    RowName free = new RowName("p", "free");
    one.publish(one.draft(row("free", "0")).table(), free);

    Drafted.Draft next = one.draft(row("free", "0"), row("m", "1e-6"));
    assertThat(next.review().zeroApproved()).isEqualTo(List.of(free));
    assertThat(next.review().allZero()).isEmpty();
    assertThat(one.publish(next.table()).published()).isTrue();
    assertThat(one.book.current().orElseThrow().hasApprovedRow(free)).isTrue();

    one.publish(one.draft(row("free", "1e-6"), row("m", "1e-6")).table());
    Drafted.Draft again = one.draft(row("free", "0"), row("m", "1e-6"));
    assertThat(again.review().allZero()).isEqualTo(List.of(free));
  }

  @Test
  void whenASourceCannotBeImported_itIsNoDraft() {
    Drafted outcome = one.tables.draft(source(row("m", "\"cheap\"")), "a test", "ops");

    PriceReview review = assertInstanceOf(Drafted.Invalid.class, outcome).review();
    assertThat(review.problems().getFirst().model()).isEqualTo("m");
    assertThat(review.problems().getFirst().field()).isEqualTo("input_cost_per_token");
    assertThat(review.clean()).isFalse();
    assertThat(one.tables.list(10, null)).isEmpty();
    assertThat(one.tables.publish(review.version(), true, List.of(), "ops"))
        .isInstanceOf(Published.Unknown.class);
    assertThat(one.tables.publish("../records/x", true, List.of(), "ops"))
        .isInstanceOf(Published.Unknown.class);
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
    assertThat(listed).isEqualTo(published);
    for (String version : listed) {
      assertThat(one.book.table(version).orElseThrow().version())
          .as("kept and readable")
          .isEqualTo(version);
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
    assertThat(found.version()).isEqualTo("2026-11-24");
    assertThat(found.published()).isTrue();
    PriceTableRecord next = one.publish(one.draft(row("m", "1e-6")).table());
    assertThat(next.previousVersion()).isEqualTo("2026-11-24");
    assertThat(one.tables.list(10, null)).hasSize(2);
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
      assertThat(done).as(outcomes.toString()).hasSize(1);
      assertThat(outcomes.stream().filter(it -> it instanceof Published.Moved).count())
          .as("the loser")
          .isEqualTo(1);
      PriceTableRecord winner = ((Published.Done) done.getFirst()).table();
      assertThat(left.store.current().orElseThrow().version()).isEqualTo(winner.version());
      assertThat(left.store.readRecord(winner.version()).orElseThrow().published()).isTrue();
      PriceTableRecord loser = winner.version().equals(a.version()) ? b : a;
      assertThat(left.store.readRecord(loser.version()).orElseThrow().published()).isFalse();
      one.book.refresh();
      assertThat(one.book.current().orElseThrow().version()).isEqualTo(winner.version());
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

    assertThat(outcomes.getLast()).isEqualTo(outcomes.getFirst());
    assertThat(outcomes.getFirst()).isInstanceOf(Published.Done.class);
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
    assertThat(one.store.current().orElseThrow().version()).isEqualTo(draft.version());
    assertThat(one.store.readRecord(draft.version()).orElseThrow().published()).isFalse();

    PriceTableRecord published = one.publish(draft);
    assertThat(published.publishedBy()).as("it was that one").isEqualTo("unlucky");
    assertThat(
            one.tables.list(10, null).stream()
                .map(PriceTableRecord::version)
                .filter(version -> !version.equals(draft.version()))
                .toList())
        .isEqualTo(Collections.singletonList(first.version()));
  }

  @Test
  void whenADroppedFileHasACleanReview_itIsPublishedOnce() {
    one.publish(one.draft(row("a", "1e-6")).table());
    drop("incoming/prices.json", source(row("a", "1e-6"), row("b", "1e-6")));

    Taken first = one.incoming.take("incoming/prices.json");
    PriceTableRecord published = assertInstanceOf(Taken.Published.class, first).table();
    assertThat(published.createdBy()).isEqualTo("incoming");
    assertThat(published.publishedBy()).isEqualTo("incoming");
    assertThat(published.source()).isEqualTo("incoming/prices.json");
    assertThat(one.book.current().orElseThrow().version()).isEqualTo(published.version());
    assertThat(one.incoming.take("incoming/prices.json")).isEqualTo(first);

    one.publish(one.draft(row("a", "1e-6"), row("c", "1e-6")).table());
    String inForce = one.store.current().orElseThrow().version();
    clock.advance(Duration.ofDays(3));
    assertThat(new Process().incoming.take("incoming/prices.json"))
        .as("days later")
        .isEqualTo(first);
    assertThat(one.store.current().orElseThrow().version()).isEqualTo(inForce);
    assertThat(one.tables.list(10, null)).hasSize(3);
  }

  @Test
  void whenADroppedFilesReviewIsNotClean_itWaitsForAcceptance() {
    one.publish(one.draft(row("m", "1e-6")).table());
    drop("incoming/prices.json", source(row("m", "2e-6")));

    Taken.Waiting waiting =
        assertInstanceOf(Taken.Waiting.class, one.incoming.take("incoming/prices.json"));
    assertThat(one.incoming.take("incoming/prices.json")).isEqualTo(waiting);
    clock.advance(Duration.ofDays(1));
    assertThat(one.incoming.take("incoming/prices.json"))
        .as("is still the same draft")
        .isEqualTo(waiting);
    assertThat(one.store.current().orElseThrow().version()).isNotEqualTo(waiting.table().version());

    PriceTableRecord published = one.publish(waiting.table());
    assertThat(one.incoming.take("incoming/prices.json")).isEqualTo(new Taken.Published(published));
  }

  @Test
  void whenAnotherTableIsInForce_aWaitingFileIsReviewedAgain() {
    one.publish(one.draft(row("m", "1e-6")).table());
    drop("incoming/prices.json", source(row("m", "2e-6"), row("n", "1e-6")));
    assertThat(one.incoming.take("incoming/prices.json")).isInstanceOf(Taken.Waiting.class);
    one.publish(one.draft(row("m", "2e-6")).table());

    assertThat(one.incoming.take("incoming/prices.json")).isInstanceOf(Taken.Published.class);
  }

  @Test
  void whenADroppedFileIsNoPriceFile_itIsRefusedForGood() {
    drop("incoming/broken.json", "{".getBytes(StandardCharsets.UTF_8));
    drop("incoming/huge.json", new byte[PriceTables.MAX_SOURCE_BYTES + 1]);

    for (String key : List.of("incoming/broken.json", "incoming/huge.json")) {
      Taken.Refused refused = assertInstanceOf(Taken.Refused.class, one.incoming.take(key));
      assertThat(refused.review().problems()).isNotEmpty();
      clock.advance(Duration.ofDays(1));
      assertThat(one.incoming.take(key)).isEqualTo(refused);
    }
    assertThat(one.incoming.take("incoming/none.json")).isInstanceOf(Taken.Gone.class);
    drop("incoming/full.json", fullSource());
    assertThat(one.incoming.take("incoming/full.json")).isInstanceOf(Taken.Waiting.class);
    assertThat(one.incoming.found().stream().map(IncomingPrices.Found::key).sorted().toList())
        .isEqualTo(List.of("incoming/broken.json", "incoming/full.json", "incoming/huge.json"));
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
    assertThat(refused.review().previousVersion()).isEqualTo(inForce.version());
    assertThat(refused.review().problems().stream().map(PriceReview.Problem::toString).toList())
        .isEqualTo(List.of(": has more than 4194304 bytes"));
  }

  @Test
  void whenAPublicationHasEnded_theNextOneNeedNotWait() throws Exception {
    PriceTableRecord first = one.publish(one.draft(row("m", "1e-6")).table());
    Published again =
        CompletableFuture.supplyAsync(
                () -> one.tables.publish(first.version(), true, List.of(), "ops"))
            .get(30, TimeUnit.SECONDS);

    assertThat(again).isEqualTo(new Published.Done(first));
  }

  @Test
  void whenATableIsPublished_itsTimeAndPublisherAreRecorded() {
    PriceTableRecord draft = one.draft(row("m", "1e-6")).table();
    clock.advance(Duration.ofHours(1));

    PriceTableRecord published = one.publish(draft);
    assertThat(published.createdAt()).isEqualTo(clock.instant().minus(Duration.ofHours(1)));
    assertThat(published.publishedAt()).isEqualTo(clock.instant());
    assertThat(published.publishedBy()).isEqualTo("ops");
    assertThat(one.book.inForceSince().orElseThrow()).isEqualTo(clock.instant());
  }

  @Test
  void whenANameIsNoVersion_itIsUnknown() {
    PriceTableRecord draft = one.draft(row("m", "1e-6")).table();

    for (String name : List.of("", "-v", "a/b", "../records/" + draft.version(), "v".repeat(65))) {
      assertThat(one.tables.publish(name, true, List.of(), "ops"))
          .as(name)
          .isInstanceOf(Published.Unknown.class);
      assertThat(one.tables.find(name)).as(name).isEmpty();
    }
    assertThat(one.tables.find(draft.version()).orElseThrow().table()).isEqualTo(draft);
  }
}
