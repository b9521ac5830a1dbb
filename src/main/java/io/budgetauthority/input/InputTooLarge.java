package io.budgetauthority.input;

/// An input with more bytes than the protocol allows.
public final class InputTooLarge extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InputTooLarge(String message) {
    super(message, null, false, false);
  }
}
