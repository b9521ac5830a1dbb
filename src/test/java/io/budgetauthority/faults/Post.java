package io.budgetauthority.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Messages on their way to the queue, which arrive in any order. Safe for use by many threads.
final class Post {

  private final List<String> messages = new ArrayList<>();
  private final Random random;

  Post(long seed) {
    this.random = new Random(seed);
  }

  synchronized void put(String message) {
    messages.add(message);
  }

  /// Any of them; null where there is none.
  synchronized @Nullable String takeAny() {
    if (messages.isEmpty()) {
      return null;
    }
    int at = random.nextInt(messages.size());
    String taken = messages.get(at);
    messages.set(at, messages.getLast());
    messages.removeLast();
    return taken;
  }
}
