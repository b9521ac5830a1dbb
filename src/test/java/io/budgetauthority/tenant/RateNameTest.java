package io.budgetauthority.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RateNameTest {

  @Test
  void whenANameIsWritten_itIsReadAgain() {
    for (String name : List.of("rate", "rate:a", "rate:per-minute_1.5")) {
      assertThat(CeilingWindow.ofWireName(name).wireName()).isEqualTo(name);
    }
    assertThat(CeilingWindow.ofWireName("rate")).isEqualTo(RateName.USUAL);
    assertThat(CeilingWindow.ofWireName("week")).isEqualTo(Window.WEEK);
  }

  @Test
  void whenANameIsWrong_itIsRefused() {
    for (String name : List.of("rate:", "rate: a", "rate:a/b", "rates", "rate:" + "x".repeat(65))) {
      assertThrows(
          IllegalArgumentException.class, () -> CeilingWindow.ofWireName(name), () -> name);
    }
  }

  @Test
  void whenWindowsAreOrdered_ratesComeLastByName() {
    List<CeilingWindow> windows = new ArrayList<>();
    for (String name : List.of("rate:b", "total", "rate", "rate:a", "hour")) {
      windows.add(CeilingWindow.ofWireName(name));
    }
    windows.sort(CeilingWindow.ORDER);

    assertThat(windows)
        .extracting(CeilingWindow::wireName)
        .containsExactly("hour", "total", "rate", "rate:a", "rate:b");
  }
}
