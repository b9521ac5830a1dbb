package io.budgetauthority.ledger;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.regex.Pattern;

/// The id of a decision and its reservation. It is a hash over tenant, principal, kind of call and
/// idempotency key, so that a retry, a look-up, a commit and a sweep each find the item by its key
/// (ledger.md#decisions). It is 160 bits of SHA-256 in Crockford's base32.
public record ReservationId(String hash) {

  /// How many parts the due index has.
  public static final int DUE_BUCKETS = 16;

  private static final String DECISION = "bdgdec_";
  private static final String RESERVATION = "rsv_";
  private static final String ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  private static final Pattern HASH = Pattern.compile("[0-9A-HJKMNP-TV-Z]{32}");

  /// What kind of call a key was used for; one key on two kinds names two items.
  public enum Kind {
    DECISION,
    USAGE,
    /// A call that was let through in an outage under a key that was taken.
    DEGRADED,
    /// An increase. It is no decision; only its id is made like one.
    INCREASE
  }

  public static ReservationId of(
      String tenantId, String principalId, Kind kind, String idempotencyKey) {
    MessageDigest sha256 = sha256();
    for (String part : new String[] {tenantId, principalId, kind.name(), idempotencyKey}) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      sha256.update((byte) (bytes.length >> 8));
      sha256.update((byte) bytes.length);
      sha256.update(bytes);
    }
    return new ReservationId(base32(sha256.digest()));
  }

  /// The id in a `bdgdec_…`; empty where the text is no such id.
  public static Optional<ReservationId> ofDecisionId(String decisionId) {
    return parse(DECISION, decisionId);
  }

  /// The id in a `rsv_…`; empty where the text is no such id.
  public static Optional<ReservationId> ofReservationId(String reservationId) {
    return parse(RESERVATION, reservationId);
  }

  private static Optional<ReservationId> parse(String prefix, String id) {
    if (!id.startsWith(prefix)
        || !HASH.matcher(id).region(prefix.length(), id.length()).matches()) {
      return Optional.empty();
    }
    return Optional.of(new ReservationId(id.substring(prefix.length())));
  }

  public String decisionId() {
    return DECISION + hash;
  }

  public String reservationId() {
    return RESERVATION + hash;
  }

  /// The partition of the due index that this item is found in.
  int dueBucket() {
    return ALPHABET.indexOf(hash.charAt(0)) % DUE_BUCKETS;
  }

  private static String base32(byte[] digest) {
    StringBuilder text = new StringBuilder(32);
    for (int block = 0; block < 20; block += 5) {
      long bits = 0;
      for (int i = 0; i < 5; i++) {
        bits = bits << 8 | digest[block + i] & 0xff;
      }
      for (int shift = 35; shift >= 0; shift -= 5) {
        text.append(ALPHABET.charAt((int) (bits >> shift) & 31));
      }
    }
    return text.toString();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
