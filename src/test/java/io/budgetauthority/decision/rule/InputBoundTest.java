package io.budgetauthority.decision.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.RowBuilder;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.InputBasis;
import org.junit.jupiter.api.Test;

/// How many input tokens a call may have (protocol.md#ask: `input_tokens`, `input_bytes`,
/// `unbounded_input`).
class InputBoundTest {

  private static final Price ROW = new RowBuilder("m").window(1_000L).build();
  private static final Price WITHOUT_WINDOW = new RowBuilder("m").window(null).build();

  private static InputBound of(AskBuilder ask, Price row) {
    return InputBound.of(ask.build(), row);
  }

  @Test
  void whenTheInputIsCounted_itIsExactEvenBeyondTheWindow() {
    assertThat(of(new AskBuilder().input(0), ROW)).isEqualTo(new InputBound(0, InputBasis.EXACT));
    assertThat(of(new AskBuilder().input(1_500), ROW))
        .isEqualTo(new InputBound(1_500, InputBasis.EXACT));
  }

  @Test
  void whenTheInputIsInBytes_itIsBoundedByTheWindow() {
    assertThat(of(new AskBuilder().input(null, 900L), ROW))
        .isEqualTo(new InputBound(900, InputBasis.BYTES));
    assertThat(of(new AskBuilder().input(null, 5_000L), ROW))
        .isEqualTo(new InputBound(1_000, InputBasis.BYTES));
    assertThat(of(new AskBuilder().input(null, 5_000L), WITHOUT_WINDOW))
        .isEqualTo(new InputBound(5_000, InputBasis.BYTES));
  }

  @Test
  void whenACountAndBytesAreGiven_theyAddUpToAtLeastTheCount() {
    assertThat(of(new AskBuilder().input(250L, 100L), ROW))
        .isEqualTo(new InputBound(350, InputBasis.BYTES));
    assertThat(of(new AskBuilder().input(950L, 100L), ROW))
        .isEqualTo(new InputBound(1_000, InputBasis.BYTES));
    assertThat(of(new AskBuilder().input(1_500L, 1L), ROW))
        .isEqualTo(new InputBound(1_500, InputBasis.BYTES));
  }

  @Test
  void whenTheInputIsUnbounded_itIsTheWholeWindow() {
    AskBuilder unbounded = new AskBuilder().unbounded();
    assertThat(of(unbounded, ROW)).isEqualTo(new InputBound(1_000, InputBasis.WINDOW));
    assertThat(InputBound.isKnown(unbounded.build(), ROW)).isTrue();
    assertThat(InputBound.isKnown(unbounded.build(), WITHOUT_WINDOW)).isFalse();
    assertThat(InputBound.isKnown(new AskBuilder().input(5).build(), WITHOUT_WINDOW)).isTrue();
  }

  @Test
  void whenABasisIsWritten_itHasItsProtocolName() {
    assertThat(InputBasis.EXACT.wireName()).isEqualTo("exact");
    assertThat(InputBasis.BYTES.wireName()).isEqualTo("bytes");
    assertThat(InputBasis.WINDOW.wireName()).isEqualTo("window");
  }
}
