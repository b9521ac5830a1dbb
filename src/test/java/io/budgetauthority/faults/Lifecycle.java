package io.budgetauthority.faults;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.settlement.UsageCharges;
import io.budgetauthority.settlement.UsageReport;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One call from its ask to its last word, as its gateway has it in mind. Everything that it will
/// do follows from a seed; what it heard is what the ledger must say in the end.
final class Lifecycle {

  static final int RUNS_OF_A_TUPLE = 7;
  private static final int TTL_SECONDS = 60;
  private static final int MAX_TOKENS = 2_000;
  private static final int MAX_BYTES = 20_000;
  private static final Duration CLOCK_SKEW = Duration.ofSeconds(Policy.DEFAULT.clockSkewSeconds());
  private static final MicroUsd NARROW = MicroUsd.of(20_000);
  private static final MicroUsd WIDE = MicroUsd.of(1_000_000_000);

  /// What became of the ask, as the gateway knows it.
  enum Heard {
    /// Let through.
    ALLOWED,
    /// Blocked, or refused without being stored.
    REFUSED,
    /// Charged without having asked.
    CHARGED,
    /// Given up: it may have been let through, but was never made.
    UNKNOWN
  }

  private final Random random;
  private final String tenantId;
  private final Caller caller;
  private final String key;
  private final String runId;
  private final @Nullable String parentRunId;
  private final String userId;
  private final String keyId;
  private final boolean isUsage;
  private final boolean explicit;
  private final long tokens;
  private final MicroUsd runLimit;

  /// Set for a call whose input is bounded by its bytes, so that its hold depends on the window.
  private final @Nullable Long inputBytes;

  /// What may be held: one, or more where a caller does not know whether its change was made.
  private final Set<Held> held = new HashSet<>();

  /// Calls that an outage let through under a key that had been used.
  private final List<Again> again = new ArrayList<>();

  /// The hash of another body that was sent under the key; empty where there was one body.
  private final Set<String> otherBodies = new HashSet<>();

  /// A model and an output cap that a call is held for.
  private record Held(String model, long capTokens) {}

  /// A call that an outage let through under a used key.
  ///
  /// @param sentAt when its message was sent
  record Again(String requestHash, Instant sentAt, MicroUsd estimate) {}

  Heard heard = Heard.UNKNOWN;
  boolean degraded;
  private boolean released;
  private boolean forwarded;
  private final Map<UsageQuality, MicroUsd> words = new EnumMap<>(UsageQuality.class);

  Lifecycle(long seed, int number, int runs, String tenantId) {
    this.random = new Random(seed * 1_000_003 + number);
    this.tenantId = tenantId;
    this.caller = new Caller(tenantId, "gateway", Role.GATEWAY, null, null);
    this.key = "call-" + number;
    int run = random.nextInt(runs);
    this.runId = "run-" + run;
    this.parentRunId = run % RUNS_OF_A_TUPLE == 3 ? "run-" + (run - 1) : null;
    int tuple = run / RUNS_OF_A_TUPLE;
    this.userId = random.nextInt(100) < 3 ? "stranger" : user(tuple);
    this.keyId = key(tuple);
    this.isUsage = random.nextInt(10) == 0;
    this.explicit = random.nextInt(4) == 0;
    this.tokens = 1 + random.nextInt(MAX_TOKENS);
    this.runLimit = run % 5 == 0 ? NARROW : WIDE;
    this.inputBytes =
        random.nextInt(6) == 0 ? TestAuthority.NARROW_WINDOW / 2 + random.nextInt(MAX_BYTES) : null;
    held.add(new Held(model(), tokens));
  }

  private String model() {
    return inputBytes == null ? TestAuthority.MODEL : TestAuthority.NARROW_MODEL;
  }

  static String user(int tuple) {
    return "user-" + tuple % 8;
  }

  static String key(int tuple) {
    return "key-" + tuple % 4;
  }

  ReservationId id() {
    return ReservationId.of(
        tenantId,
        caller.principalId(),
        isUsage ? ReservationId.Kind.USAGE : ReservationId.Kind.DECISION,
        key);
  }

  void live(Client client, Post post) {
    if (isUsage) {
      charge(client, post);
      return;
    }
    if (random.nextInt(20) == 0) {
      client.once(this::ask);
      return;
    }
    if (random.nextInt(5) == 0) {
      client.once(this::ask);
    }
    switch (client.untilAnswered(this::ask)) {
      case Answer.Decided decided when decided.decision().isBlocked() -> heard = Heard.REFUSED;
      case Answer.Decided decided -> {
        heard = Heard.ALLOWED;
        degraded = decided.decision().degraded() != null;
        change(client);
        report(client, post);
        for (int times = random.nextInt(4); times > 0; times--) {
          useAgain(client);
        }
      }
      case Answer.AlreadySettled settled -> {
        // The first answer was lost and its time is over: the call was not made.
        heard = Heard.ALLOWED;
        cancel(client);
      }
      case Answer other -> heard = Heard.REFUSED;
    }
  }

  private Answer ask(Machine machine) {
    return ask(machine, tokens);
  }

  private Answer ask(Machine machine, long capTokens) {
    return machine.authority().decide(Ask.of(caller, request(capTokens), key, runId));
  }

  /// A caller's fault: the key of a call that was settled, with the same body or with another one.
  /// The ledger refuses it. An outage that fails open lets it through, and it must be charged.
  private void useAgain(Client client) {
    // A call of an outage may not be under its key yet, and then another body could take it.
    long capTokens = degraded || random.nextBoolean() ? tokens : tokens + 1;
    if (capTokens != tokens) {
      otherBodies.add(RecordJson.hash(request(capTokens)));
    }
    Answer answer = client.untilAnswered(machine -> ask(machine, capTokens));
    if (answer instanceof Answer.Decided decided
        && !decided.decision().isBlocked()
        && !decided.replayed()
        && decided.decision().degraded() != null) {
      again.add(
          new Again(
              decided.reservation().requestHash(),
              decided.decision().createdAt(),
              decided.reservation().estimate()));
    }
  }

  private DecisionRequest request(long capTokens) {
    return new AskBuilder()
        .model(model())
        .input(inputBytes == null ? 0L : null, inputBytes)
        .cap(capTokens)
        .by(userId, keyId, null)
        .parent(parentRunId)
        .runLimit(runLimit)
        .explicitForward(explicit)
        .ttl(TTL_SECONDS)
        .build();
  }

  /// Steps on the way, each of which may come too late.
  private void change(Client client) {
    if (explicit && random.nextInt(5) > 0) {
      forwarded = step(client, machine -> machine.settlement().forward(caller, id()));
    }
    if (random.nextInt(5) == 0) {
      boolean unused =
          step(
              client,
              machine ->
                  machine
                      .settlement()
                      .extend(caller, id(), machine.clock().instant().plusSeconds(120), null));
    }
    if (random.nextInt(inputBytes == null ? 8 : 2) == 0) {
      String model =
          inputBytes == null || random.nextBoolean()
              ? TestAuthority.CHEAP_MODEL
              : TestAuthority.MODEL;
      changed(
          step(client, machine -> machine.settlement().retarget(caller, id(), null, model)),
          one -> new Held(model, one.capTokens()));
    }
    if (random.nextInt(8) == 0) {
      changed(
          step(client, machine -> machine.settlement().extend(caller, id(), null, tokens + 500)),
          one -> new Held(one.model(), tokens + 500));
    }
  }

  /// A change that was refused may have been made all the same, by a try whose answer was lost.
  private void changed(boolean done, UnaryOperator<Held> change) {
    List<Held> changed = held.stream().map(change).toList();
    if (done) {
      held.clear();
    }
    held.addAll(changed);
  }

  /// Whether an estimate is the worst case of what may be held, by a formula of this test's own.
  private boolean mayBeHeld(MicroUsd estimate) {
    return held.stream()
        .anyMatch(
            one -> {
              long window =
                  one.model().equals(TestAuthority.NARROW_MODEL)
                      ? TestAuthority.NARROW_WINDOW
                      : 200_000;
              long input = inputBytes == null ? 0 : Math.min(inputBytes, window);
              long tenths =
                  (input + 5 * one.capTokens())
                      * (one.model().equals(TestAuthority.CHEAP_MODEL) ? 1 : 10);
              return estimate.micros() == Math.ceilDiv(tenths, 10);
            });
  }

  /// Whether an item is of another body that was sent under the key in an outage.
  boolean isOfOtherBody(Reservation item) {
    return item.tenantId().equals(tenantId) && otherBodies.contains(item.requestHash());
  }

  List<Again> again() {
    return again;
  }

  /// What is wrong with the charges of calls that an outage let through under a used key; null
  /// where nothing is.
  @Nullable String compareAgain(Reservation first, Map<ReservationId, Reservation> items) {
    for (Again one : again) {
      Reservation own = items.get(idOf(one));
      boolean must = isUsedUp(first, one);
      if (must && own == null) {
        return "the call of " + one + " was never charged";
      }
      if (own != null && (own.charge() == null || !own.charged().equals(one.estimate()))) {
        return "the call of " + one + " was charged " + own.charge();
      }
    }
    return null;
  }

  /// Whether the item under the key is of another call than the one that was let through.
  private boolean isUsedUp(Reservation first, Again one) {
    Instant endedAt = first.endedAt();
    boolean sameBody = first.requestHash().equals(one.requestHash());
    if (first.state() == ReservationState.NONE) {
      return first.mayBecomeReservation()
          || endedAt == null
          || one.sentAt().isAfter(endedAt.plus(CLOCK_SKEW));
    }
    return !sameBody
        || one.sentAt().isAfter(first.expiresAt())
        || (endedAt != null && one.sentAt().isAfter(endedAt) && !degraded);
  }

  ReservationId idOf(Again one) {
    return ReservationId.of(
        tenantId,
        caller.principalId(),
        ReservationId.Kind.DEGRADED,
        String.join("\n", key, one.requestHash(), one.sentAt().toString()));
  }

  private static boolean step(Client client, Function<Machine, Settlement.Result> step) {
    return client.untilAnswered(step) instanceof Settlement.Result.Done;
  }

  /// The last words, each by request or by message, some of them more than once, in any order.
  private void report(Client client, Post post) {
    switch (random.nextInt(10)) {
      case 0, 1, 2, 3 -> commit(client, post, UsageQuality.EXACT);
      case 4 -> {
        List<UsageQuality> both =
            new ArrayList<>(List.of(UsageQuality.ESTIMATED, UsageQuality.EXACT));
        Collections.shuffle(both, random);
        both.forEach(quality -> commit(client, post, quality));
      }
      case 5 -> commit(client, post, UsageQuality.MISSING);
      case 6 -> release(client, post);
      case 7 -> {
        // The gateway was lost with its call.
      }
      case 8 -> {
        release(client, post);
        commit(client, post, UsageQuality.EXACT);
      }
      default -> cancel(client);
    }
  }

  private void commit(Client client, Post post, UsageQuality quality) {
    boolean cheap = random.nextBoolean();
    String model = cheap ? TestAuthority.CHEAP_MODEL : TestAuthority.MODEL;
    long used = random.nextInt(2 * MAX_TOKENS);
    boolean missing = quality == UsageQuality.MISSING;
    words.put(quality, missing ? MicroUsd.ZERO : bill(cheap, used));
    UsageReport report =
        new UsageReport(missing ? null : Usage.ofTokens(0, used), null, model, quality);
    String body =
        "{\"model\": \"%s\", \"usage_quality\": \"%s\"%s}"
            .formatted(
                model,
                quality.name().toLowerCase(Locale.ROOT),
                missing
                    ? ""
                    : ", \"usage\": {\"input_tokens\": 0, \"output_tokens\": " + used + "}");
    say(client, post, "commit", body, machine -> machine.settlement().commit(caller, id(), report));
  }

  private static MicroUsd bill(boolean cheap, long used) {
    return MicroUsd.of(cheap ? Math.ceilDiv(used, 2) : 5 * used);
  }

  private void release(Client client, Post post) {
    released = true;
    say(client, post, "release", "{}", machine -> machine.settlement().release(caller, id(), null));
  }

  private void say(
      Client client,
      Post post,
      String type,
      String body,
      Function<Machine, Settlement.Result> call) {
    int times = 1 + (random.nextInt(4) == 0 ? 1 + random.nextInt(2) : 0);
    for (int i = 0; i < times; i++) {
      if (random.nextInt(3) == 0) {
        post.put(message(type, body));
      } else {
        // A degraded allow is not there before its message was taken: 404, and sent again.
        while (isNotFound(client.untilAnswered(call))) {
          Client.pause();
        }
      }
    }
  }

  /// Whether a caller over HTTP would be answered 404.
  private static boolean isNotFound(Settlement.Result result) {
    return result instanceof Settlement.Result.NotFound
        || (result instanceof Settlement.Result.Refused refused
            && refused.reservation().mayBecomeReservation());
  }

  private String message(String type, String body) {
    return "{\"type\": \"%s\", \"tenant_id\": \"%s\", \"principal_id\": \"%s\", \"idempotency_key\": \"%s\", \"sent_at\": \"%s\", \"body\": %s}"
        .formatted(type, tenantId, caller.principalId(), key, FaultRun.START, body);
  }

  private void cancel(Client client) {
    released = true;
    Optional<Settlement.Result.Done> unused =
        client.untilAnswered(
            machine ->
                machine
                    .settlement()
                    .cancel(caller, key, Mode.HARD_GATE, "service-1", Duration.ofDays(30)));
  }

  private void charge(Client client, Post post) {
    heard = Heard.CHARGED;
    long used = random.nextInt(MAX_TOKENS);
    words.put(UsageQuality.EXACT, bill(false, used));
    UsageCharge charge =
        new UsageCharge(
            runId,
            userId,
            keyId,
            null,
            null,
            null,
            TestAuthority.MODEL,
            Usage.ofTokens(0, used),
            UsageQuality.EXACT,
            null);
    String body =
        "{\"run_id\": \"%s\", \"user_id\": \"%s\", \"key_id\": \"%s\", \"model\": \"%s\", \"usage\": {\"input_tokens\": 0, \"output_tokens\": %d}}"
            .formatted(runId, userId, keyId, TestAuthority.MODEL, used);
    int times = 1 + random.nextInt(2);
    for (int i = 0; i < times; i++) {
      if (random.nextBoolean()) {
        post.put(message("usage", body));
      } else {
        UsageCharges.Result unused =
            client.untilAnswered(
                machine ->
                    machine
                        .charges()
                        .charge(
                            new UsageCharges.Order(tenantId, caller.principalId(), key, charge)));
      }
    }
  }

  /// What is wrong with what the ledger has of it; null where nothing is.
  @Nullable String compare(@Nullable Reservation item) {
    if (item == null) {
      boolean must = heard == Heard.ALLOWED || heard == Heard.CHARGED;
      return must ? "it is lost" : null;
    }
    if (!mayEndIn(item.state())) {
      return "it ended as " + item.state();
    }
    if (heard == Heard.ALLOWED
        && item.state() != ReservationState.NONE
        && !mayBeHeld(item.estimate())) {
      return "held " + item.estimate() + ", which none of " + held + " costs";
    }
    MicroUsd charged = item.charged();
    MicroUsd expected = expected(item);
    if (!charged.equals(expected)) {
      return "charged " + charged + ", expected " + expected;
    }
    boolean inRun = item.decision().accounts().stream().anyMatch(it -> it.id().equals(runId));
    boolean mayBeOutside = item.state() == ReservationState.NONE || isOrphan(item);
    return inRun || mayBeOutside ? null : "it is held against no run";
  }

  /// Whether it says of itself that its run is somebody else's.
  boolean isOrphan(Reservation item) {
    return runId.equals(item.decision().subject().orphanOf());
  }

  /// Whether its run, or the one that started it, is bound to another tuple than its own.
  boolean isForeign(Function<String, Optional<Run>> runs) {
    Tuple stated = new Tuple(userId, keyId, null, null);
    return Stream.of(runId, parentRunId == null ? runId : parentRunId)
        .anyMatch(id -> runs.apply(id).filter(run -> !run.tuple().admits(stated)).isPresent());
  }

  String tenantId() {
    return tenantId;
  }

  /// What must be charged for it in the end: the best word, else the estimate where it may have
  /// been forwarded.
  private MicroUsd expected(Reservation item) {
    for (UsageQuality quality : List.of(UsageQuality.EXACT, UsageQuality.ESTIMATED)) {
      MicroUsd word = words.get(quality);
      if (word != null) {
        return word;
      }
    }
    if (words.containsKey(UsageQuality.MISSING)) {
      return item.estimate();
    }
    boolean neverForwarded = item.explicitForward() && !forwarded;
    return released || neverForwarded || item.state() == ReservationState.NONE
        ? MicroUsd.ZERO
        : item.estimate();
  }

  /// Whether a state is one that it can end in.
  boolean mayEndIn(ReservationState state) {
    return switch (state) {
      case NONE -> heard == Heard.REFUSED || heard == Heard.UNKNOWN || released;
      case COMMITTED -> !words.isEmpty();
      case RELEASED -> words.isEmpty();
      case RECONCILED -> words.isEmpty() && !released;
      case RESERVED, FORWARDED, EXPIRED -> false;
    };
  }

  @Override
  public String toString() {
    return key
        + " "
        + heard
        + (degraded ? " degraded" : "")
        + " of "
        + tenantId
        + ", words "
        + words
        + (released ? ", released" : "")
        + (explicit ? ", explicit" : "")
        + (forwarded ? ", forwarded" : "");
  }
}
