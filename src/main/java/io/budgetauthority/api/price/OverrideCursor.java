package io.budgetauthority.api.price;

import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.override.PriceOverride;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// The place in the list of overrides where a page ended. The list is ordered by provider and then
/// by model.
///
/// @param place the provider and the model, with NUL between; NUL sorts before every other
///   character, and no name that can be stored has it
record OverrideCursor(String place) {

  private static final char NUL = 0;

  /// Reads what [#toString] wrote; null for the first page. Any other text gets a 400 problem.
  static @Nullable OverrideCursor read(@Nullable String after) {
    if (after == null) {
      return null;
    }
    try {
      return new OverrideCursor(
          new String(Base64.getUrlDecoder().decode(after), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw RequestFields.invalid("after", "must be the next of a page");
    }
  }

  static OverrideCursor of(PriceOverride override) {
    return new OverrideCursor(override.provider() + NUL + override.model());
  }

  boolean isBefore(PriceOverride override) {
    return of(override).place.compareTo(place) > 0;
  }

  /// Encodes the place, because a name may have any character and a parameter should have few.
  @Override
  public String toString() {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(place.getBytes(StandardCharsets.UTF_8));
  }
}
