package io.budgetauthority.events;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/// The settings of the event functions, beside those of the service.
@ConfigMapping(prefix = "budget")
public interface EventsConfig {

  /// the bus of budget events (function `attribution`)
  @WithDefault("default")
  String eventBus();

  /// the dead-letter queue of events (function `attribution`)
  Optional<String> eventsDeadQueueUrl();
}
