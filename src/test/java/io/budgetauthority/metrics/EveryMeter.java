package io.budgetauthority.metrics;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/// Counts everything that can be counted, once.
final class EveryMeter {

  /// Each larger than the one before.
  private static final AtomicLong AMOUNTS = new AtomicLong();

  private EveryMeter() {}

  static void count() throws ReflectiveOperationException {
    for (Method method : Meters.class.getDeclaredMethods()) {
      if (Modifier.isPublic(method.getModifiers())) {
        Object unused = method.invoke(null, arguments(method));
      }
    }
  }

  private static Object[] arguments(Method method) {
    return Arrays.stream(method.getParameterTypes()).map(EveryMeter::argument).toArray();
  }

  private static Object argument(Class<?> type) {
    if (type == String.class) {
      return "dead";
    }
    if (type == Duration.class) {
      return Duration.ofSeconds(1);
    }
    if (type == Supplier.class) {
      Supplier<Duration> age = () -> Duration.ofSeconds(1);
      return age;
    }
    if (type == Runnable.class) {
      return (Runnable) AMOUNTS::incrementAndGet;
    }
    // Of two amounts the second is the larger, so that the charge is an overrun.
    return type == int.class ? (Object) 1 : (Object) AMOUNTS.incrementAndGet();
  }
}
