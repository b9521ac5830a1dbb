package io.budgetauthority.attribution;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// What is added up of decisions. Counts are in decisions, tokens in tokens, and what ends in
/// `_USD` is money in micro-USD. The stored name of a measure is short because every row has it. It
/// may not be given to another measure.
public enum Measure {
  /// Every decision, once: let through, blocked or released.
  DECISIONS("n"),
  /// Those let through and not released: the provider was called, or is about to be.
  CALLS("c"),
  /// Calls whose usage was not reported yet.
  OPEN("op"),
  BLOCKED("b"),
  DOWNGRADED("dg"),
  /// Let through by an advisory tenant with a warning.
  WARNED("w"),
  RELEASED("rl"),
  /// Usage that never had a decision.
  UNRESERVED("ur"),
  /// Let through during an outage.
  DEGRADED("de"),
  INPUT_TOKENS("i"),
  CACHE_READ_TOKENS("icr"),
  CACHE_WRITE_TOKENS("icw"),
  CACHE_WRITE_1H_TOKENS("ich"),
  INPUT_AUDIO_TOKENS("ia"),
  INPUT_IMAGE_TOKENS("im"),
  OUTPUT_TOKENS("o"),
  REASONING_TOKENS("or"),
  OUTPUT_AUDIO_TOKENS("oa"),
  OUTPUT_IMAGE_TOKENS("om"),
  /// What was billed beside or in place of tokens, each in millionths of the unit.
  IMAGES("n_im"),
  SECONDS("n_s"),
  CHARACTERS("n_ch"),
  PAGES("n_pg"),
  QUERIES("n_q"),
  PIXELS("n_px"),
  CREDITS("n_cd"),
  /// The charge of the best usage report: what the ledger's accounts have as committed.
  COMMITTED_USD("cmt"),
  /// Calls whose usage nobody reported, and the part of what is committed that was presumed of
  /// them.
  PRESUMED("p"),
  PRESUMED_USD("pu"),
  /// Calls of which a part, or the model, had no price of its own, and what was charged for them.
  UNPRICED("u"),
  UNPRICED_USD("uu"),
  /// Calls whose charge is above their estimate, and by how much.
  OVERRUNS("ov"),
  OVERRUN_USD("ovu"),
  /// Charges that a better report replaced, and by how much in total that changed them.
  CORRECTIONS("cr"),
  CORRECTED_USD("cru"),
  /// Calls that named another principal's run, and what was charged for them.
  ORPHANS("or_n"),
  ORPHANS_USD("or_u");

  /// Those that are added up by minute too.
  static final Set<Measure> OF_MINUTES =
      Set.copyOf(
          EnumSet.of(
              DECISIONS,
              CALLS,
              OPEN,
              BLOCKED,
              DOWNGRADED,
              WARNED,
              RELEASED,
              UNRESERVED,
              DEGRADED,
              COMMITTED_USD));

  private final String storedName;

  Measure(String storedName) {
    this.storedName = storedName;
  }

  String storedName() {
    return storedName;
  }

  /// Whether it is micro-USD.
  public boolean isMoney() {
    return name().endsWith("_USD");
  }

  /// Whether it is millionths of a unit other than tokens.
  public boolean isUnit() {
    return switch (this) {
      case IMAGES, SECONDS, CHARACTERS, PAGES, QUERIES, PIXELS, CREDITS -> true;
      default -> false;
    };
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
