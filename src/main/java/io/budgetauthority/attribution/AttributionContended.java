package io.budgetauthority.attribution;

/// Other writers changed rows or markers at every attempt. Nothing of the last attempt is written.
/// Reading the batch again is safe.
public final class AttributionContended extends RuntimeException {
  private static final long serialVersionUID = 1;

  AttributionContended(String message) {
    super(message);
  }
}
