package io.budgetauthority.ledger.increase;

import io.budgetauthority.ledger.account.AccountIncrease;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// More money on one account for a while (protocol.md#increases). While it lasts the account's
/// limit is higher by the amount.
///
/// @param id the same for the same principal and idempotency key
/// @param account the account of one period
/// @param amount in micro-USD
/// @param until when it ends
/// @param requestHash a hash of the request, to tell a replay from a reused key
/// @param endedAt when it was taken from the account; null while it is in it
/// @param revoked whether a caller took it away before its time
public record Increase(
    String id,
    AccountKey account,
    MicroUsd amount,
    Instant until,
    String reason,
    String createdBy,
    Instant createdAt,
    String requestHash,
    @Nullable Instant endedAt,
    boolean revoked) {

  private static final String PREFIX = "inc_";
  private static final Pattern ID = Pattern.compile(PREFIX + "[0-9A-HJKMNP-TV-Z]{32}");

  /// The state of an increase.
  public enum State {
    ACTIVE,
    ENDED,
    REVOKED;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// The constant of a wire name; anything else gets an [IllegalArgumentException].
    public static State ofWireName(String wireName) {
      for (State state : values()) {
        if (state.wireName().equals(wireName)) {
          return state;
        }
      }
      throw new IllegalArgumentException("must be active, ended or revoked");
    }
  }

  /// Whether a text may be the id of an increase.
  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /// The id of an increase that a principal asks for with an idempotency key.
  public static String idOf(String hash) {
    return PREFIX + hash;
  }

  public String tenantId() {
    return account.tenantId();
  }

  public Scope scope() {
    return account.scope();
  }

  public Window window() {
    return account.window();
  }

  /// The state at an instant. An increase whose time has passed has ended, also before the account
  /// was written again.
  public State stateAt(Instant instant) {
    if (revoked) {
      return State.REVOKED;
    }
    return endedAt != null || !until.isAfter(instant) ? State.ENDED : State.ACTIVE;
  }

  AccountIncrease ofAccount() {
    return new AccountIncrease(id, amount, until);
  }
}
