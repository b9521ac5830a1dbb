package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One account's part in a decision: what is held on it, and its sums after that. All amounts are
/// micro-USD. A hold of zero is stored too, because the charge goes to every account that the
/// decision touched. A negative hold gets an [IllegalArgumentException].
///
/// @param period null for a total
/// @param shard 0 unless the account is split
/// @param mode the mode in which the account was judged, and in which a change of the hold is
/// @param margin what `soft_gate` allowed beyond the limit; null in every other mode
/// @param committed the account's committed sum after the decision
/// @param reserved the account's reserved sum after the decision
/// @param resetsAt the end of the account's period; null for a total
/// @param isExhausted whether it has nothing left for a call that costs something
/// @param warnAtPercent the thresholds of its ceiling; null where they are the default ones
/// @param ownMode the mode that its ceiling states; null where the mode is the tenant's
/// @param ownMargin the margin that its ceiling states; null where the margin is the policy's
@CopiedByBuilder
public record AccountShare(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("window") Window window,
    @JsonProperty("period") @Nullable String period,
    @JsonProperty("shard") @JsonInclude(JsonInclude.Include.NON_DEFAULT) int shard,
    @JsonProperty("mode") Mode mode,
    @JsonProperty("margin_usd") @Nullable MicroUsd margin,
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("hold_usd") MicroUsd hold,
    @JsonProperty("committed_usd") MicroUsd committed,
    @JsonProperty("reserved_usd") MicroUsd reserved,
    @JsonProperty("resets_at") @Nullable Instant resetsAt,
    @JsonProperty("exhausted") @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean isExhausted,
    @JsonProperty("warn_at") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable List<Integer> warnAtPercent,
    @JsonProperty("own_mode") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Mode ownMode,
    @JsonProperty("own_margin") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable MicroUsd ownMargin)
    implements Share {

  public AccountShare {
    if (hold.isNegative()) {
      throw new IllegalArgumentException("a hold may not be negative: " + hold);
    }
    warnAtPercent = warnAtPercent == null ? null : List.copyOf(warnAtPercent);
  }

  @Override
  @JsonIgnore
  public AccountName name() {
    return new AccountName(scope, id, window);
  }

  /// The key of the account.
  public AccountKey key(String tenantId) {
    return new AccountKey(tenantId, scope, id, window, period == null ? "" : period, shard);
  }

  /// What the account has left after the decision, in micro-USD; negative for an account in debt.
  @Override
  public MicroUsd remaining() {
    return limit.minus(committed).minus(reserved);
  }

  /// The same share with another hold.
  public AccountShare holding(MicroUsd newHold) {
    return AccountShareBuilder.builder(this).hold(newHold).build();
  }
}
