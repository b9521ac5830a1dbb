package io.budgetauthority.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {

  @Test
  void whenADeadlineIsNear_nobodySleepsPastIt() {
    Deadline soon = Deadline.in(Duration.ofMillis(3));
    assertThat(soon.pause()).as("the shortest pause is longer").isFalse();
    Deadline over = Deadline.in(Duration.ZERO);
    assertThat(over.isPast()).isTrue();
    assertThat(over.remaining()).isEqualTo(Duration.ofMillis(1));
    Deadline later = Deadline.in(Duration.ofMinutes(1));
    assertThat(later.isPast()).isFalse();
    assertThat(later.remaining().compareTo(Duration.ofSeconds(50))).isGreaterThan(0);
    assertThat(later.pause()).isTrue();
    Thread.currentThread().interrupt();
    assertThat(later.pause()).as("an interrupted thread does not go on").isFalse();
    assertThat(Thread.interrupted()).as("the interrupt stays set").isTrue();
  }
}
