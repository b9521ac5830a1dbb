package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One account as a caller sees it. An agent sees no amounts of a team's, a feature's or the
/// tenant's account (protocol.md#agents): they are null.
///
/// @param blocks whether the account has nothing left for a call that costs something
public record AccountView(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") Window window,
    @JsonProperty("period") @Nullable String period,
    @JsonProperty("mode") Mode mode,
    @JsonProperty("limit_usd") @Nullable MicroUsd limit,
    @JsonProperty("hold_usd") @Nullable MicroUsd hold,
    @JsonProperty("committed_usd") @Nullable MicroUsd committed,
    @JsonProperty("reserved_usd") @Nullable MicroUsd reserved,
    @JsonProperty("remaining_usd") @Nullable MicroUsd remaining,
    @JsonProperty("resets_at") @Nullable Instant resetsAt,
    @JsonProperty("blocks") boolean blocks) {

  /// What a caller may see of an account's part in a decision. Amounts are null where it may see
  /// none.
  public static AccountView of(AccountShare account, Caller caller) {
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
        account.isExhausted());
  }

  /// What a caller may see of each account.
  public static List<AccountView> of(List<AccountShare> accounts, Caller caller) {
    return accounts.stream().map(account -> of(account, caller)).toList();
  }

  /// Whether the caller may see the amounts of an account. An agent may see those of its own user,
  /// key and runs.
  public static boolean seesAmounts(AccountShare account, Caller caller) {
    return caller.role() != Role.AGENT
        || switch (account.scope()) {
          case RUN, USER, KEY -> true;
          case TEAM, FEATURE, TENANT -> false;
        };
  }

  /// What remains on the tightest account that the caller may see; null if there is none.
  public static @Nullable MicroUsd remaining(Decision decision, Caller caller) {
    return caller.role() != Role.AGENT
        ? decision.remaining()
        : of(decision.accounts(), caller).stream()
            .map(AccountView::remaining)
            .filter(Objects::nonNull)
            .min(Comparator.naturalOrder())
            .orElse(null);
  }
}
