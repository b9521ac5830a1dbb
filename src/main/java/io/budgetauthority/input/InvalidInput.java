package io.budgetauthority.input;

import java.util.List;

/// An input that breaks the rules of the protocol, with its errors.
public final class InvalidInput extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<FieldError> errors;

  /// @param errors at least one
  public InvalidInput(List<FieldError> errors) {
    super(summary(errors.getFirst()), null, false, false);
    this.errors = List.copyOf(errors);
  }

  public List<FieldError> errors() {
    return errors;
  }

  private static String summary(FieldError first) {
    return (first.pointer().isEmpty() ? "the body" : first.pointer()) + " " + first.reason();
  }
}
