package io.budgetauthority.console;

import io.quarkus.test.junit.QuarkusTestProfile;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/// The service's clock in the console's tests: it begins at a fixed time, runs as the machine's
/// does, and is moved on by the traffic, so that an hour of calls is made in seconds.
final class MovingClock extends Clock {

  private static final Instant START = Instant.parse("2026-11-25T09:00:00Z");

  static final MovingClock CLOCK = new MovingClock();

  private final AtomicReference<Duration> ahead =
      new AtomicReference<>(Duration.between(Instant.now(), START));

  void advance(Duration time) {
    ahead.accumulateAndGet(time, Duration::plus);
  }

  @Override
  public Instant instant() {
    return Instant.now().plus(ahead.get());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return Clock.offset(Clock.system(zone), ahead.get());
  }

  /// Has the service take this clock.
  public static final class Profile implements QuarkusTestProfile {
    @Override
    public Set<Class<?>> getEnabledAlternatives() {
      return Set.of(OfService.class);
    }
  }

  @Alternative
  static final class OfService {
    @Produces
    @Singleton
    Clock clock() {
      return CLOCK;
    }
  }
}
