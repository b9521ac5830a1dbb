package io.budgetauthority.notification;

import java.util.List;

/// Where events are sent: EventBridge, or in the local build a log and a page.
@FunctionalInterface
public interface EventBus {

  /// Returns once all of them are accepted. Where this throws, some may be accepted, and all may be
  /// sent again.
  void send(List<BudgetEvent> events);
}
