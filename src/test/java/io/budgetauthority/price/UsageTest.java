package io.budgetauthority.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.price.Usage.UsageMismatch;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Parts of one cut add up to at most their whole (pricing.md#parts). A call of 100 tokens of input
/// and 100 of output.
class UsageTest {

  private static Usage usage(Parts parts) {
    return new Usage(100, 100, parts, Map.of(), Map.of(), null);
  }

  private static void assertMismatch(String field, String reason, Parts parts) {
    UsageMismatch mismatch = assertThrows(UsageMismatch.class, () -> usage(parts));
    assertThat(mismatch.field()).isEqualTo(field);
    assertThat(mismatch.getMessage()).isEqualTo(reason);
  }

  private static Parts output(long reasoning, long audio, long image) {
    return new Parts(null, null, null, null, null, reasoning, audio, image);
  }

  @Test
  void whenPartsFillTheirWhole_theUsageIsAccepted() {
    assertThat(usage(Imports.cached(60, 40, 40)).inputTokens()).isEqualTo(100);
    assertThat(usage(Imports.media(60, 40)).inputTokens()).isEqualTo(100);
    assertThat(usage(output(50, 30, 20)).outputTokens()).isEqualTo(100);
    Parts bothCuts = new Parts(100L, null, null, 100L, null, null, null, null);
    assertThat(usage(bothCuts).inputTokens()).as("two cuts may overlap").isEqualTo(100);
  }

  @Test
  void whenPartsExceedTheirWhole_theyAreRefusedByName() {
    assertMismatch(
        "cache_write_1h_tokens",
        "is part of cache_write_tokens, which is 40",
        Imports.cached(0, 40, 41));
    assertMismatch(
        "cache_read_tokens",
        "with cache_write_tokens is more than input_tokens, which is 100",
        Imports.cached(61, 40, 0));
    assertMismatch(
        "input_audio_tokens",
        "with input_image_tokens is more than input_tokens, which is 100",
        Imports.media(61, 40));
    assertMismatch(
        "reasoning_tokens",
        "with the other parts is more than output_tokens, which is 100",
        output(51, 30, 20));
  }
}
