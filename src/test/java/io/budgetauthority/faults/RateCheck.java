package io.budgetauthority.faults;

import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.account.StoredRate;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateKey;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.RateName;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Compares rates with the decisions that took from them. A slow rate refills next to nothing in a
/// run, so its place is that of its first hold and all that was ever taken: a posting that is lost
/// or made twice moves it by at least a week for each micro-USD. A fast rate blocks calls, and is
/// judged by what it promises.
///
/// @param now when the run was over
record RateCheck(Ledger ledger, Instant now) {

  static final RateName SLOW = new RateName("slow");
  static final RateName FAST = new RateName("fast");

  private static final int FAST_MICROS_A_SECOND = 20_000;
  private static final long FAST_BURST_MICROS = 1_500_000;

  /// What a process's clock may be ahead of another's, and what a write may take.
  private static final Duration CLOCKS = Duration.ofSeconds(6);

  /// What all usage charges together may differ from what this test computes, in milliseconds: a
  /// sixth of the least posting.
  private static final long TOLERANCE_MILLIS = 100_000_000;

  static Ceiling slow(long burstMicros) {
    return Ceiling.ofRate(
        MicroUsd.of(1), Ceiling.MAX_PERIOD_SECONDS, MicroUsd.of(burstMicros), null);
  }

  /// @param seconds the period; the rate is as fast in each
  static Ceiling fast(int seconds) {
    return Ceiling.ofRate(
        MicroUsd.of((long) FAST_MICROS_A_SECOND * seconds),
        seconds,
        MicroUsd.of(FAST_BURST_MICROS),
        null);
  }

  /// What is wrong with the rates; empty where nothing is.
  List<String> compare(Collection<Reservation> items) {
    Map<RateKey, List<Reservation>> byRate = new HashMap<>();
    for (Reservation item : items) {
      for (RateShare share : item.rates()) {
        byRate
            .computeIfAbsent(EnforcedRate.keyOf(item.tenantId(), share), key -> new ArrayList<>())
            .add(item);
      }
    }
    List<String> wrong = new ArrayList<>();
    if (byRate.keySet().stream().noneMatch(key -> key.name().equals(SLOW))
        || byRate.keySet().stream().noneMatch(key -> key.name().equals(FAST))) {
      wrong.add("no call took from a rate");
    }
    byRate.forEach(
        (key, takers) -> {
          String problem =
              key.name().equals(SLOW) ? lostOrDoubled(key, takers) : passed(key, takers);
          if (!problem.isEmpty()) {
            wrong.add(key + " " + problem);
          }
        });
    return wrong;
  }

  private String lostOrDoubled(RateKey key, List<Reservation> takers) {
    BigInteger taken = BigInteger.ZERO;
    for (Reservation item : takers) {
      RateShare share = share(key, item);
      taken = taken.add(share.taken()).subtract(refilledBefore(share, item));
    }
    StoredRate stored = ledger.rate(key, Deadline.in(Duration.ofSeconds(5))).orElse(null);
    if (stored == null) {
      return taken.signum() == 0 ? "" : "is not there, and " + taken + " places were taken";
    }
    BigInteger first = stored.emptyUntil().subtract(taken);
    BigInteger earliest = stored.refill().placeOf(FaultRun.START.minusMillis(TOLERANCE_MILLIS));
    BigInteger latest = stored.refill().placeOf(now.plusMillis(TOLERANCE_MILLIS));
    return first.compareTo(earliest) >= 0 && first.compareTo(latest) <= 0
        ? ""
        : "is at " + stored.emptyUntil() + ", of which its calls took " + taken;
  }

  /// What had been refilled when a call without a reservation was charged, which it did not take.
  private static BigInteger refilledBefore(RateShare share, Reservation item) {
    Charge charge = item.charge();
    boolean chargedAtOnce =
        item.decision().verdict() instanceof Verdict.Unreserved
            || (item.state() == ReservationState.RECONCILED && item.revision() == 1);
    return charge == null || !chargedAtOnce
        ? BigInteger.ZERO
        : share
            .refill()
            .refilledIn(Duration.between(item.createdAt(), charge.at()))
            .min(share.taken());
  }

  /// Over every interval the charges of the calls that were allowed in it, as far as they were
  /// held, are at most the burst and what refills in it. Calls whose hold was moved later are left
  /// out: they were allowed at two times.
  private static String passed(RateKey key, List<Reservation> takers) {
    List<Reservation> calls =
        takers.stream()
            .filter(item -> share(key, item).hold().isPositive() && isAsAsked(item.decision()))
            .sorted(Comparator.comparing(Reservation::createdAt))
            .toList();
    for (int from = 0; from < calls.size(); from++) {
      long micros = 0;
      for (int to = from; to < calls.size(); to++) {
        Reservation call = calls.get(to);
        micros += Math.min(call.charged().micros(), share(key, call).hold().micros());
        long millis =
            Duration.between(calls.get(from).createdAt(), call.createdAt()).plus(CLOCKS).toMillis();
        long most = FAST_BURST_MICROS + FAST_MICROS_A_SECOND * millis / 1_000;
        if (micros > most) {
          return "let %d micro-USD through in %d ms, at most %d fit"
              .formatted(micros, millis, most);
        }
      }
    }
    return "";
  }

  private static boolean isAsAsked(Decision decision) {
    Long asked = decision.tokens().requestedOutput();
    return asked != null
        && asked.equals(decision.tokens().effectiveOutput())
        && decision.model().requested() != null
        && decision.model().requested().equals(decision.model().selected());
  }

  private static RateShare share(RateKey key, Reservation item) {
    return item.rates().stream()
        .filter(rate -> EnforcedRate.keyOf(item.tenantId(), rate).equals(key))
        .findFirst()
        .orElseThrow();
  }
}
