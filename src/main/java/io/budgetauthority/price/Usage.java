package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a call really used, as its provider reports it (protocol.md#usage). `inputTokens` is the
/// whole input, including cached parts, and `outputTokens` the whole output, including reasoning.
/// Parts that exceed their whole get an [UsageMismatch] that names the field.
///
/// @param serviceTier null for the tier that was held, as are the region and the speed
/// @param variant which variant of its units and tools was used, such as `1080p`; null where the
///   provider does not say
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Usage(
    @JsonProperty("input_tokens") long inputTokens,
    @JsonProperty("output_tokens") long outputTokens,
    @JsonUnwrapped Parts parts,
    @JsonProperty("units") @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, UnitCount> units,
    @JsonProperty("billed_tools") @JsonInclude(JsonInclude.Include.NON_EMPTY)
        Map<String, Long> billedTools,
    @JsonProperty("service_tier") @Nullable String serviceTier,
    @JsonProperty("inference_region") @Nullable String inferenceRegion,
    @JsonProperty("speed") @Nullable String speed,
    @JsonProperty("variant") @Nullable String variant) {

  /// The parts of one division exceed their whole (pricing.md#parts).
  public static final class UsageMismatch extends IllegalArgumentException {
    private static final long serialVersionUID = 1;
    private final String field;

    UsageMismatch(String field, String reason) {
      super(reason);
      this.field = field;
    }

    public String field() {
      return field;
    }
  }

  /// Usage in the region and at the speed that were held, with no variant stated.
  public Usage(
      long inputTokens,
      long outputTokens,
      Parts parts,
      Map<String, UnitCount> units,
      Map<String, Long> billedTools,
      @Nullable String serviceTier) {
    this(inputTokens, outputTokens, parts, units, billedTools, serviceTier, null, null, null);
  }

  public Usage {
    parts = parts == null ? Parts.NONE : parts;
    units = units == null ? Map.of() : Map.copyOf(units);
    billedTools = billedTools == null ? Map.of() : Map.copyOf(billedTools);
    long write = orZero(parts.cacheWriteTokens());
    if (orZero(parts.cacheWrite1hTokens()) > write) {
      throw new UsageMismatch(
          "cache_write_1h_tokens", "is part of cache_write_tokens, which is " + write);
    }
    if (orZero(parts.cacheReadTokens()) + write > inputTokens) {
      throw new UsageMismatch(
          "cache_read_tokens",
          "with cache_write_tokens is more than input_tokens, which is " + inputTokens);
    }
    if (orZero(parts.inputAudioTokens()) + orZero(parts.inputImageTokens()) > inputTokens) {
      throw new UsageMismatch(
          "input_audio_tokens",
          "with input_image_tokens is more than input_tokens, which is " + inputTokens);
    }
    if (orZero(parts.reasoningTokens())
            + orZero(parts.outputAudioTokens())
            + orZero(parts.outputImageTokens())
        > outputTokens) {
      throw new UsageMismatch(
          "reasoning_tokens",
          "with the other parts is more than output_tokens, which is " + outputTokens);
    }
  }

  /// Usage of plain tokens alone.
  public static Usage ofTokens(long inputTokens, long outputTokens) {
    return new Usage(inputTokens, outputTokens, Parts.NONE, Map.of(), Map.of(), null);
  }

  /// A count, or zero where it is absent.
  public static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }
}
