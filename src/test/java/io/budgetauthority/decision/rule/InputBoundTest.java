package io.budgetauthority.decision.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(new InputBound(0, InputBasis.EXACT), of(new AskBuilder().input(0), ROW));
    assertEquals(new InputBound(1_500, InputBasis.EXACT), of(new AskBuilder().input(1_500), ROW));
  }

  @Test
  void whenTheInputIsInBytes_itIsBoundedByTheWindow() {
    assertEquals(
        new InputBound(900, InputBasis.BYTES), of(new AskBuilder().input(null, 900L), ROW));
    assertEquals(
        new InputBound(1_000, InputBasis.BYTES), of(new AskBuilder().input(null, 5_000L), ROW));
    assertEquals(
        new InputBound(5_000, InputBasis.BYTES),
        of(new AskBuilder().input(null, 5_000L), WITHOUT_WINDOW));
  }

  @Test
  void whenACountAndBytesAreGiven_theyAddUpToAtLeastTheCount() {
    assertEquals(
        new InputBound(350, InputBasis.BYTES), of(new AskBuilder().input(250L, 100L), ROW));
    assertEquals(
        new InputBound(1_000, InputBasis.BYTES), of(new AskBuilder().input(950L, 100L), ROW));
    assertEquals(
        new InputBound(1_500, InputBasis.BYTES), of(new AskBuilder().input(1_500L, 1L), ROW));
  }

  @Test
  void whenTheInputIsUnbounded_itIsTheWholeWindow() {
    AskBuilder unbounded = new AskBuilder().unbounded();
    assertEquals(new InputBound(1_000, InputBasis.WINDOW), of(unbounded, ROW));
    assertTrue(InputBound.isKnown(unbounded.build(), ROW));
    assertFalse(InputBound.isKnown(unbounded.build(), WITHOUT_WINDOW));
    assertTrue(InputBound.isKnown(new AskBuilder().input(5).build(), WITHOUT_WINDOW));
  }

  @Test
  void whenABasisIsWritten_itHasItsProtocolName() {
    assertEquals("exact", InputBasis.EXACT.wireName());
    assertEquals("bytes", InputBasis.BYTES.wireName());
    assertEquals("window", InputBasis.WINDOW.wireName());
  }
}
