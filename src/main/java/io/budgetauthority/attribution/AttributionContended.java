package io.budgetauthority.attribution;

/// Rows or markers were changed by somebody else as often as they were tried. Nothing of what was
/// tried last is written; reading the batch again is safe.
public final class AttributionContended extends RuntimeException {
  private static final long serialVersionUID = 1;

  AttributionContended(String message) {
    super(message);
  }
}
