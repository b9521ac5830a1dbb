package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Comparator;

/// What a ceiling is over: a calendar window or all time, or a rate. The wire name is a part of the
/// ceiling's path (protocol.md#ceilings).
public sealed interface CeilingWindow permits Window, RateName {

  /// The windows from the hour to the total, then the rates by name.
  Comparator<CeilingWindow> ORDER =
      Comparator.comparing(
              (CeilingWindow it) ->
                  switch (it) {
                    case Window window -> window.ordinal();
                    case RateName rate -> Window.values().length;
                  })
          .thenComparing(CeilingWindow::wireName);

  @JsonValue
  String wireName();

  /// The window or the rate of a wire name; anything else gets an [IllegalArgumentException].
  @JsonCreator
  static CeilingWindow ofWireName(String wireName) {
    return RateName.isOne(wireName) ? RateName.ofWireName(wireName) : Window.ofWireName(wireName);
  }
}
