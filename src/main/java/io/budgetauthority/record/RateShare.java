package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Refill;
import io.budgetauthority.tenant.Scope;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// One rate's part in a decision (ledger.md#rates). All amounts are micro-USD. What is held or
/// taken is not negative: else an [IllegalArgumentException].
///
/// @param rate the rate's name among those of its id
/// @param mode the mode in which the rate was judged, and in which a change of the hold is
/// @param limit what refills in one period
/// @param taken what the call takes of the rate now, in places of [#refill]: its hold until it is
///   settled, then its charge and what was refilled before the rest could be given back
/// @param refilled what the rate had refilled since 1970 at the decision, in micro-USD rounded
///   down; null where that is what `refill` alone says
/// @param remaining what the rate had left after the decision; negative for one in debt
/// @param resetsAt when the call would fit; where it fits, when the burst is whole again. Null for
///   a call that never fits and for a whole burst
/// @param isExhausted whether it had nothing left for a call that costs something
/// @param ownMode the mode that the ceiling states; null where the mode is the tenant's
@CopiedByBuilder
public record RateShare(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id") String id,
    @JsonProperty("rate") String rate,
    @JsonProperty("mode") Mode mode,
    @JsonProperty("limit_usd") MicroUsd limit,
    @JsonProperty("period_seconds") int periodSeconds,
    @JsonProperty("burst_usd") MicroUsd burst,
    @JsonProperty("hold_usd") MicroUsd hold,
    @JsonProperty("taken") BigInteger taken,
    @JsonProperty("refilled") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable BigInteger refilled,
    @JsonProperty("remaining_usd") MicroUsd remaining,
    @JsonProperty("resets_at") @Nullable Instant resetsAt,
    @JsonProperty("exhausted") @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean isExhausted,
    @JsonProperty("own_mode") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Mode ownMode)
    implements Share {

  public RateShare {
    rate = rate == null ? "" : rate;
    if (hold.isNegative() || taken.signum() < 0) {
      throw new IllegalArgumentException("a hold may not be negative: " + hold + ", " + taken);
    }
  }

  @JsonIgnore
  public RateName rateName() {
    return new RateName(rate);
  }

  @Override
  @JsonIgnore
  public AccountName name() {
    return new AccountName(scope, id, rateName());
  }

  @JsonIgnore
  public Refill refill() {
    return new Refill(limit, periodSeconds);
  }

  /// The same share with another hold.
  public RateShare holding(MicroUsd newHold) {
    return RateShareBuilder.builder(this).hold(newHold).build();
  }

  /// The same share of which another number of places is taken.
  public RateShare taking(BigInteger newTaken) {
    return RateShareBuilder.builder(this).taken(newTaken).build();
  }
}
