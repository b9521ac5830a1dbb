package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.RateShare;
import io.budgetauthority.record.Share;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One account or rate as a caller sees it. An agent sees no amounts of those of a team, a feature
/// or the tenant (protocol.md#agents): they are null.
///
/// @param limit for a rate, what refills in one period
/// @param committed null for a rate, which keeps no sums; `reserved` likewise
/// @param periodSeconds null for an account; `burst` likewise
/// @param blocks whether it has nothing left for a call that costs something
public record AccountView(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") CeilingWindow window,
    @JsonProperty("period") @Nullable String period,
    @JsonProperty("mode") Mode mode,
    @JsonProperty("limit_usd") @Nullable MicroUsd limit,
    @JsonProperty("hold_usd") @Nullable MicroUsd hold,
    @JsonProperty("committed_usd") @Nullable MicroUsd committed,
    @JsonProperty("reserved_usd") @Nullable MicroUsd reserved,
    @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
    @JsonProperty("resets_at") @Nullable Instant resetsAt,
    @JsonProperty("period_seconds") @Nullable Integer periodSeconds,
    @JsonProperty("burst_usd") @Nullable MicroUsd burst,
    @JsonProperty("blocks") boolean blocks) {

  /// What a caller may see of the part of an account or a rate in a decision. Amounts are null
  /// where it may see none.
  public static AccountView of(Share share, Caller caller) {
    return switch (share) {
      case AccountShare account -> of(account, caller);
      case RateShare rate -> of(rate, caller);
    };
  }

  private static AccountView of(RateShare rate, Caller caller) {
    boolean sees = seesAmounts(rate, caller);
    return new AccountView(
        rate.scope(),
        rate.id(),
        rate.rateName(),
        null,
        rate.mode(),
        sees ? rate.limit() : null,
        sees ? rate.hold() : null,
        null,
        null,
        sees ? rate.remaining() : null,
        rate.resetsAt(),
        sees ? rate.periodSeconds() : null,
        sees ? rate.burst() : null,
        rate.isExhausted());
  }

  private static AccountView of(AccountShare account, Caller caller) {
    boolean sees = seesAmounts(account, caller);
    return new AccountView(
        account.scope(),
        account.id(),
        account.window(),
        account.period(),
        account.mode(),
        sees ? account.limit() : null,
        sees ? account.hold() : null,
        sees ? account.committed() : null,
        sees ? account.reserved() : null,
        sees ? account.remaining() : null,
        account.resetsAt(),
        null,
        null,
        account.isExhausted());
  }

  /// What a caller may see of each account and rate.
  public static List<AccountView> of(List<Share> shares, Caller caller) {
    return shares.stream().map(share -> of(share, caller)).toList();
  }

  /// Whether the caller may see the amounts of an account or a rate. An agent may see those of its
  /// own user, key and runs.
  public static boolean seesAmounts(Share share, Caller caller) {
    return caller.role() != Role.AGENT
        || switch (share.scope()) {
          case RUN, USER, KEY -> true;
          case TEAM, FEATURE, TENANT -> false;
        };
  }

  /// What remains on the tightest account or rate that the caller may see; null if there is none.
  public static @Nullable MicroUsd remaining(Decision decision, Caller caller) {
    return caller.role() != Role.AGENT
        ? decision.remaining()
        : of(decision.shares(), caller).stream()
            .map(AccountView::remaining)
            .filter(Objects::nonNull)
            .min(Comparator.naturalOrder())
            .orElse(null);
  }
}
