package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The parts of a call's tokens. Each is null where it was not stated. In an ask it is a bound on
/// the part (0 rules the class out); in a commit it is the count (absent is 0).
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Parts(
    @JsonProperty("cache_read_tokens") @Nullable Long cacheReadTokens,
    @JsonProperty("cache_write_tokens") @Nullable Long cacheWriteTokens,
    @JsonProperty("cache_write_1h_tokens") @Nullable Long cacheWrite1hTokens,
    @JsonProperty("input_audio_tokens") @Nullable Long inputAudioTokens,
    @JsonProperty("input_image_tokens") @Nullable Long inputImageTokens,
    @JsonProperty("reasoning_tokens") @Nullable Long reasoningTokens,
    @JsonProperty("output_audio_tokens") @Nullable Long outputAudioTokens,
    @JsonProperty("output_image_tokens") @Nullable Long outputImageTokens) {

  public static final Parts NONE = new Parts(null, null, null, null, null, null, null, null);

  /// Every count that is stated, in tokens.
  public Stream<Long> counts() {
    return Stream.of(
            cacheReadTokens,
            cacheWriteTokens,
            cacheWrite1hTokens,
            inputAudioTokens,
            inputImageTokens,
            reasoningTokens,
            outputAudioTokens,
            outputImageTokens)
        .flatMap(Stream::ofNullable);
  }
}
