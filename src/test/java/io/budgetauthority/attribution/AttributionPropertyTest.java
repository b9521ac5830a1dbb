package io.budgetauthority.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.DecisionsTail;
import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.local.WithoutToken;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Thousands of random lifecycles through the real ledger and its real stream, which is then read
/// as badly as can be: split, shuffled, replayed, redriven, by several readers at once that lose
/// answers and conflict. What is added up equals the ledger's accounts to the micro-USD, and the
/// decisions one by one. `-Dbudget.attribution.lifecycles` sets how many.
class AttributionPropertyTest {

  private static final int LIFECYCLES = Integer.getInteger("budget.attribution.lifecycles", 3_000);
  private static final List<Long> SEEDS = List.of(1L, 2L, System.nanoTime());
  private static final int RUNS = 40;
  private static final MicroUsd RUN_LIMIT = MicroUsd.of(350_000);

  @Test
  void whenTheStreamIsReadInAnyWay_theSumsEqualTheLedgers() throws Exception {
    for (long seed : SEEDS) {
      History history = new History(seed, LIFECYCLES / SEEDS.size());
      history.run();
      List<StreamRecord> records = history.tail.read();
      int batches = history.readBadly(records);
      System.out.printf(
          "attribution, seed %d: %d lifecycles, %d records, %d batches, %d answers lost, %d"
              + " conflicts, %d corrections%n",
          seed,
          history.decided.size(),
          records.size(),
          batches,
          history.faults.lost.get(),
          history.faults.conflicts.get(),
          history.corrections);
      history.assertEqualsTheLedger();
      history.assertEqualsTheDecisions();
      history.assertListsAndMinutesAgree();
      history.tail.close();
    }
  }

  /// What one seed comes to.
  private static final class History {
    final long seed;
    final int lifecycles;
    final RandomGenerator random;
    final TestAuthority service = new TestAuthority();
    final Faults faults;
    final AttributionTable table;
    final AttributionStream stream;
    final Attribution attribution;
    final DecisionLists lists;
    final DecisionsTail tail = new DecisionsTail(service.tenantId);
    final Map<String, ReservationId> decided = new HashMap<>();
    final Map<String, Integer> stepsLeft = new HashMap<>();
    long corrections;

    History(long seed, int lifecycles) {
      this.seed = seed;
      this.lifecycles = lifecycles;
      this.random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
      this.faults = new Faults(seed, 5, 5);
      String name =
          LocalCloudForTests.shared().definitions().attributionTable().create().tableName();
      this.table =
          new AttributionTable(
              new Database(
                  LocalCloudForTests.dynamoDb()
                      .overrideConfiguration(
                          it ->
                              it.addExecutionInterceptor(new WithoutToken())
                                  .addExecutionInterceptor(faults))
                      .build()),
              name);
      this.stream = new AttributionStream(table, service.configuration.policies);
      AttributionTable faultless =
          new AttributionTable(new Database(LocalCloudForTests.dynamoDb().build()), name);
      this.attribution = new Attribution(faultless);
      this.lists = new DecisionLists(faultless);
    }

    void run() {
      service.policy(policy());
      for (String user : List.of("ada", "bob")) {
        service.ceiling(Scope.USER, user, MicroUsd.of(5_000_000));
      }
      service.ceiling(Scope.KEY, "ci", MicroUsd.of(100_000_000));
      service.ceiling(Scope.TENANT, "-", MicroUsd.of(100_000_000));
      List<String> open = new ArrayList<>();
      int asked = 0;
      while (asked < lifecycles || !open.isEmpty()) {
        if (asked < lifecycles && (open.size() < 20 || random.nextInt(3) == 0)) {
          String key = "call-" + asked++;
          ask(key, open);
        } else {
          String key = open.get(random.nextInt(open.size()));
          step(key);
          if (stepsLeft.merge(key, -1, Integer::sum) <= 0) {
            open.remove(key);
          }
        }
        if (random.nextInt(50) == 0) {
          service.clock.advance(Duration.ofMinutes(random.nextInt(90)));
        }
      }
    }

    /// The default policy in a zone of its own, with a cheaper model where money is short.
    private static Policy policy() {
      return new PolicyBuilder()
          .runLimit(RUN_LIMIT)
          .downgrade(
              new Policy.DowngradeRule(
                  List.of(TestAuthority.MODEL),
                  List.of(
                      new Policy.DowngradeRule.Alternative(
                          null, TestAuthority.CHEAP_MODEL, null, null, List.of())),
                  null))
          .runTtlSeconds(86_400 * 300)
          .timeZone(ZoneId.of("Asia/Tokyo"))
          .build();
    }

    private void ask(String key, List<String> open) {
      if (random.nextInt(60) == 0) {
        service.settlement.cancel(
            service.gateway, key, Policy.DEFAULT.mode(), "none", Duration.ofDays(30));
        decided.put(key, service.idOf(key));
        return;
      }
      int run = random.nextInt(RUNS);
      Answer answer =
          service.authority.decide(Ask.of(service.gateway, request(run), key, "run-" + run));
      if (answer instanceof Answer.Decided made) {
        decided.put(key, service.idOf(key));
        if (!made.decision().isBlocked()) {
          open.add(key);
          stepsLeft.put(key, random.nextInt(5));
        }
      }
    }

    private DecisionRequest request(int run) {
      return new AskBuilder()
          .model(random.nextInt(4) == 0 ? TestAuthority.CHEAP_MODEL : TestAuthority.MODEL)
          .input(random.nextInt(4_000))
          .cap(1L + random.nextInt(4_000))
          .requestClass(random.nextInt(3) == 0 ? null : "class-" + random.nextInt(2))
          .by(
              run % 3 == 0 ? "bob" : "ada",
              run % 2 == 0 ? "ci" : "laptop",
              run % 5 == 0 ? null : "team-" + run % 4)
          .explicitForward(random.nextInt(4) == 0)
          .build();
    }

    private void step(String key) {
      ReservationId id = service.idOf(key);
      Reservation before = reservation(id);
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> commit(id);
        case 3 -> service.settlement.release(service.gateway, id, "not called");
        case 4 -> service.settlement.forward(service.gateway, id);
        case 5 ->
            service.settlement.extend(
                service.gateway,
                id,
                service.clock.instant().plusSeconds(900),
                1L + random.nextInt(6_000));
        case 6 -> service.settlement.retarget(service.gateway, id, null, TestAuthority.CHEAP_MODEL);
        default -> expire(before);
      }
      Charge old = before.charge();
      if (old != null && !old.equals(reservation(id).charge())) {
        corrections++;
      }
    }

    private void commit(ReservationId id) {
      UsageQuality quality = UsageQuality.values()[1 + random.nextInt(3)];
      Usage usage =
          quality == UsageQuality.MISSING
              ? null
              : Usage.ofTokens(random.nextInt(6_000), random.nextInt(6_000));
      String served =
          switch (random.nextInt(5)) {
            case 0 -> TestAuthority.CHEAP_MODEL;
            case 1 -> "a model without a price";
            default -> null;
          };
      service.settlement.commit(service.gateway, id, new UsageReport(usage, null, served, quality));
    }

    /// What a sweeper and a reconciler do with a reservation whose time has passed.
    private void expire(Reservation open) {
      service.clock.advance(Duration.ofMinutes(20));
      take(open.expire(service.clock.instant(), Duration.ofSeconds(5)));
      if (random.nextInt(4) != 0) {
        take(reservation(open.id()).reconcile(service.clock.instant()));
      }
    }

    private void take(Reservation.Step step) {
      if (step instanceof Reservation.Step.Move move) {
        service.ledger.settle(move, Deadline.in(Duration.ofSeconds(5)));
      }
    }

    Reservation reservation(ReservationId id) {
      return service
          .ledger
          .find(service.tenantId, id, Deadline.in(Duration.ofSeconds(5)))
          .orElseThrow();
    }

    /// Three readers share batches that were split, shuffled and partly doubled; later some are
    /// redriven, one record at a time.
    int readBadly(List<StreamRecord> records) throws Exception {
      Random shuffling = new Random(seed);
      List<StreamRecord> order = new ArrayList<>(records);
      if (shuffling.nextBoolean()) {
        Collections.shuffle(order, shuffling);
      }
      List<List<StreamRecord>> batches = new ArrayList<>();
      for (int from = 0; from < order.size(); ) {
        int to = Math.min(order.size(), from + 1 + shuffling.nextInt(120));
        List<StreamRecord> batch = new ArrayList<>(order.subList(from, to));
        if (shuffling.nextInt(3) == 0) {
          Collections.shuffle(batch, shuffling);
        }
        batches.add(batch);
        if (shuffling.nextInt(4) == 0) {
          batches.add(new ArrayList<>(batch.subList(batch.size() / 2, batch.size())));
          batches.add(batch);
        }
        from = to;
      }
      Collections.shuffle(batches, shuffling);
      try (ExecutorService readers = Executors.newFixedThreadPool(3)) {
        List<Callable<Void>> work = new ArrayList<>();
        for (List<StreamRecord> batch : batches) {
          work.add(
              () -> {
                read(batch);
                return null;
              });
        }
        for (Future<Void> read : readers.invokeAll(work)) {
          read.get();
        }
      }
      for (int redriven = 0; redriven < 100; redriven++) {
        read(List.of(records.get(shuffling.nextInt(records.size()))));
      }
      return batches.size();
    }

    /// As Lambda does: a batch that failed comes again.
    private void read(List<StreamRecord> batch) {
      List<Change> changes = batch.stream().map(Change::read).toList();
      for (int attempt = 0; ; attempt++) {
        try {
          stream.add(changes);
          return;
        } catch (RuntimeException e) {
          if (attempt == 20) {
            throw new AssertionError("seed " + seed, e);
          }
        }
      }
    }

    List<Attribution.Group> groups(Dimension... groupBy) {
      LocalDate first = LocalDate.parse("2026-11-24");
      return attribution.groups(
          new Attribution.Query(
              service.tenantId, first, first.plusDays(399), Map.of(), List.of(groupBy), false));
    }

    void assertEqualsTheLedger() {
      for (Attribution.Group group : groups(Dimension.RUN)) {
        String run = group.values().getFirst();
        // A run of blocks alone was never made, and a cancelled key names none.
        if (run != null && group.amounts().of(Measure.BLOCKED) < decisions(group)) {
          assertCommitted(Scope.RUN, run, group.amounts());
        }
      }
      groups(Dimension.USER).forEach(it -> assertScope(Scope.USER, it, List.of("ada", "bob")));
      groups(Dimension.KEY).forEach(it -> assertScope(Scope.KEY, it, List.of("ci")));
      Amounts all = groups().getFirst().amounts();
      assertCommitted(Scope.TENANT, "-", all);
      assertThat(all.of(Measure.COMMITTED_USD)).as("seed " + seed).isGreaterThan(0);
    }

    private static long decisions(Attribution.Group group) {
      return group.amounts().of(Measure.DECISIONS);
    }

    private void assertScope(Scope scope, Attribution.Group group, List<String> limited) {
      String id = group.values().getFirst();
      if (id != null && limited.contains(id)) {
        assertCommitted(scope, id, group.amounts());
      }
    }

    private void assertCommitted(Scope scope, String id, Amounts amounts) {
      Account account =
          service
              .ledger
              .read(
                  null,
                  service.tenantId,
                  List.of(AccountKey.total(service.tenantId, scope, id)),
                  List.of(),
                  Deadline.in(Duration.ofSeconds(5)))
              .accounts()
              .get(AccountKey.total(service.tenantId, scope, id));
      assertThat(amounts.money(Measure.COMMITTED_USD))
          .as("seed " + seed + ", " + scope + " " + id)
          .isEqualTo(account == null ? MicroUsd.ZERO : account.committed());
    }

    /// The same sums from the decisions as they stand, counted here in a few lines.
    void assertEqualsTheDecisions() {
      Map<String, long[]> expected = new HashMap<>();
      for (ReservationId id : decided.values()) {
        Reservation it = reservation(id);
        Decision decision = it.decision();
        if (decision.isCancelled()) {
          continue;
        }
        boolean released = it.state() == ReservationState.RELEASED;
        boolean blocked = it.state() == ReservationState.NONE;
        long charge = it.charged().micros();
        long[] sums = expected.computeIfAbsent(rowOf(it, decision), row -> new long[7]);
        sums[0] += blocked || released ? 0 : 1;
        sums[1] += blocked ? 1 : 0;
        sums[2] += released ? 1 : 0;
        sums[3] += charge;
        sums[4] += isOf(it, UsageQuality.PRESUMED) ? charge : 0;
        sums[5] += decision.verdict().wireName().equals("downgrade") ? 1 : 0;
        sums[6] += Math.max(0, it.charge() == null ? 0 : charge - it.estimate().micros());
      }
      Map<String, long[]> found = new HashMap<>();
      long correctionsFound = 0;
      for (Attribution.Group group :
          groups(
              Dimension.DAY,
              Dimension.RUN,
              Dimension.MODEL,
              Dimension.TEAM,
              Dimension.REQUEST_CLASS)) {
        Amounts is = group.amounts();
        correctionsFound += is.of(Measure.CORRECTIONS);
        found.put(
            String.valueOf(group.values()),
            new long[] {
              is.of(Measure.CALLS),
              is.of(Measure.BLOCKED),
              is.of(Measure.RELEASED),
              is.of(Measure.COMMITTED_USD),
              is.of(Measure.PRESUMED_USD),
              is.of(Measure.DOWNGRADED),
              is.of(Measure.OVERRUN_USD)
            });
      }
      assertThat(written(found)).as("seed " + seed).isEqualTo(written(expected));
      assertThat(correctionsFound).as("seed " + seed).isEqualTo(corrections);
      assertThat(corrections).as("seed " + seed).isGreaterThan(0);
    }

    /// The lists name each decision once, and the sums by minute come to those of the rows.
    void assertListsAndMinutesAgree() {
      List<Reservation> asked =
          decided.values().stream()
              .map(this::reservation)
              .filter(it -> !it.decision().isCancelled())
              .sorted(
                  Comparator.comparing(Reservation::createdAt)
                      .thenComparing(it -> it.id().hash())
                      .reversed())
              .toList();
      assertThat(listed(DecisionLists.Outcome.ALL)).as("seed " + seed).isEqualTo(ids(asked));
      assertThat(listed(DecisionLists.Outcome.REFUSED))
          .as("seed " + seed)
          .isEqualTo(
              ids(asked.stream().filter(it -> it.state() == ReservationState.NONE).toList()));
      List<ReservationId> open =
          new ArrayList<>(ids(asked.stream().filter(it -> it.state().isHolding()).toList()));
      Collections.reverse(open);
      assertThat(pages(cursor -> lists.holds(service.tenantId, 7, cursor)))
          .as("seed " + seed)
          .isEqualTo(open);
      Amounts.Builder sums = new Amounts.Builder();
      lists
          .activity(
              service.tenantId,
              asked.getLast().createdAt().truncatedTo(ChronoUnit.MINUTES),
              service.clock.instant(),
              Duration.ofHours(1))
          .values()
          .forEach(sums::add);
      assertThat(sums.build())
          .as("seed " + seed)
          .isEqualTo(groups().getFirst().amounts().only(Measure.OF_MINUTES));
    }

    private List<ReservationId> listed(DecisionLists.Outcome outcome) {
      Instant last = service.clock.instant();
      return pages(
          cursor ->
              lists.decisions(
                  service.tenantId, outcome, last.minus(Duration.ofDays(60)), last, 37, cursor));
    }

    private static List<ReservationId> pages(
        Function<Attribution.@Nullable Cursor, Attribution.Listed> page) {
      List<ReservationId> ids = new ArrayList<>();
      Attribution.Cursor next = null;
      do {
        Attribution.Listed listed = page.apply(next);
        ids.addAll(listed.ids());
        next = listed.next();
      } while (next != null);
      return ids;
    }

    private static List<ReservationId> ids(List<Reservation> reservations) {
      return reservations.stream().map(Reservation::id).toList();
    }

    private static Map<String, String> written(Map<String, long[]> sums) {
      Map<String, String> written = new TreeMap<>();
      sums.forEach((row, values) -> written.put(row, Arrays.toString(values)));
      return written;
    }

    private static boolean isOf(Reservation it, UsageQuality quality) {
      return it.charge() != null && it.charge().quality() == quality;
    }

    private static String rowOf(Reservation it, Decision decision) {
      ChargedUsage usage = it.charge() == null ? ChargedUsage.UNKNOWN : it.charge().usage();
      String model =
          usage.model() != null
              ? usage.model()
              : decision.model().selected() != null
                  ? decision.model().selected()
                  : decision.model().requested();
      List<@Nullable String> row = new ArrayList<>();
      row.add(it.createdAt().atZone(ZoneId.of("Asia/Tokyo")).toLocalDate().toString());
      row.add(decision.subject().runId());
      row.add(model);
      row.add(decision.subject().tuple().teamId());
      row.add(decision.model().requestClass());
      return String.valueOf(row);
    }
  }
}
