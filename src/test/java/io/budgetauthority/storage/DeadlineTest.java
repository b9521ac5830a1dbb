package io.budgetauthority.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {

  @Test
  void whenADeadlineIsNear_nobodySleepsPastIt() {
    Deadline soon = Deadline.in(Duration.ofMillis(3));
    assertFalse(soon.pause(), "the shortest pause is longer");
    Deadline over = Deadline.in(Duration.ZERO);
    assertTrue(over.isPast());
    assertEquals(Duration.ofMillis(1), over.remaining());
    Deadline later = Deadline.in(Duration.ofMinutes(1));
    assertFalse(later.isPast());
    assertTrue(later.remaining().compareTo(Duration.ofSeconds(50)) > 0);
    assertTrue(later.pause());
    Thread.currentThread().interrupt();
    assertFalse(later.pause(), "an interrupted thread does not go on");
    assertTrue(Thread.interrupted(), "the interrupt stays set");
  }
}
