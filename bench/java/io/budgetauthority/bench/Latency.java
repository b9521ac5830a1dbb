package io.budgetauthority.bench;

import io.budgetauthority.ledger.ReservationId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/// How long one client waits for a decision and for its settlement, next to the raw calls that
/// these consist of. The four take turns, a few of each at a time, so that whatever drifts hits
/// them alike.
final class Latency {

  private static final int TURN = 20;
  private static final long LONGEST_NANOS = 60_000_000_000L;

  private final Client service;
  private final Client.Payer payer;
  private final RawCalls raw;
  private int keys;

  Latency(Client service, Client.Payer payer, RawCalls raw) {
    this.service = service;
    this.payer = payer;
    this.raw = raw;
  }

  /// The four distributions, in nanoseconds.
  record Measured(
      Histogram decision, Histogram rawReserve, Histogram settlement, Histogram rawCommit) {

    static Measured nothing() {
      return new Measured(histogram(), histogram(), histogram(), histogram());
    }

    private static Histogram histogram() {
      return new Histogram(LONGEST_NANOS, 3);
    }
  }

  Measured measure(int samples) throws IOException {
    Measured measured = Measured.nothing();
    for (int done = 0; done < samples; done += TURN) {
      List<String> reservations = new ArrayList<>(TURN);
      List<String> hashes = new ArrayList<>(TURN);
      for (int i = 0; i < TURN; i++) {
        String key = "latency-" + keys++;
        long from = System.nanoTime();
        Wire.Answer decision = service.decide(payer, key);
        measured.decision().recordValue(System.nanoTime() - from);
        reservations.add(Client.require(200, decision).text("reservation_id"));
      }
      for (int i = 0; i < TURN; i++) {
        String hash = nextHash();
        long from = System.nanoTime();
        raw.reserve(hash);
        measured.rawReserve().recordValue(System.nanoTime() - from);
        hashes.add(hash);
      }
      for (String reservation : reservations) {
        long from = System.nanoTime();
        Wire.Answer settled = service.commit(reservation);
        measured.settlement().recordValue(System.nanoTime() - from);
        Client.require(200, settled);
      }
      for (String hash : hashes) {
        long from = System.nanoTime();
        raw.commit(hash);
        measured.rawCommit().recordValue(System.nanoTime() - from);
      }
    }
    return measured;
  }

  /// Decisions with nothing between them.
  void decide(int times) throws IOException {
    for (int i = 0; i < times; i++) {
      Client.require(200, service.decide(payer, "alone-" + keys++));
    }
  }

  /// The raw calls of decisions with nothing between them.
  void reserve(int times) {
    for (int i = 0; i < times; i++) {
      raw.reserve(nextHash());
    }
  }

  RawCalls.Units units() {
    return raw.units(nextHash());
  }

  private String nextHash() {
    return ReservationId.of("demo", "raw", ReservationId.Kind.DECISION, "raw-" + keys++).hash();
  }
}
