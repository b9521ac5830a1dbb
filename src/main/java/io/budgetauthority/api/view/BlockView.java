package io.budgetauthority.api.view;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Share;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Caller;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Why a call was blocked, and what would have let it through at that time (protocol.md#record).
///
/// @param detail the reason in words
/// @param fitsMaxOutputTokens the largest smaller cap that would have fit; null where none would
/// @param resetsAt the end of the window after which the call would fit; null where waiting for it
///   would not help
public record BlockView(
    @JsonProperty("detail") String detail,
    @JsonProperty("remedies") List<Remedy> remedies,
    @JsonProperty("fits_max_output_tokens") @Nullable Long fitsMaxOutputTokens,
    @JsonProperty("resets_at") @Nullable Instant resetsAt) {

  /// What a caller may see of a block; null for any other decision.
  static @Nullable BlockView of(Decision decision, Caller caller) {
    return decision.verdict() instanceof Verdict.Block block
        ? new BlockView(
            detail(decision, block, caller),
            block.remedies(),
            block.fitsMaxOutputTokens(),
            block.resetsAt())
        : null;
  }

  /// The reason of a block. An agent sees no amounts of accounts that others share.
  public static String detail(Decision decision, Verdict.Block block, Caller caller) {
    Share blocking = decision.constrainedBy();
    return blocking == null || AccountView.seesAmounts(blocking, caller)
        ? block.detail()
        : "the " + blocking.scope().wireName() + "'s ceiling does not allow the call";
  }
}
