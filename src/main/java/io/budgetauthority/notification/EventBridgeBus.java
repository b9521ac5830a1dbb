package io.budgetauthority.notification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.model.PutEventsRequestEntry;
import software.amazon.awssdk.services.eventbridge.model.PutEventsResponse;
import software.amazon.awssdk.services.eventbridge.model.PutEventsResultEntry;

/// Puts events on a bus of EventBridge, with the event's type as detail type. Safe for use by many
/// threads.
public final class EventBridgeBus implements EventBus {

  public static final String SOURCE = "budget-authority";

  /// The most entries that EventBridge accepts in a call.
  private static final int MAX_ENTRIES = 10;

  private static final int MAX_ATTEMPTS = 5;
  private static final int MIN_PAUSE_MILLIS = 50;
  private static final int MAX_PAUSE_MILLIS = 250;

  private static final ObjectWriter JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .build()
          .writer();

  private final EventBridgeClient client;
  private final String busName;

  /// @param busName a bus's name or ARN; `default` for the account's own
  public EventBridgeBus(EventBridgeClient client, String busName) {
    this.client = client;
    this.busName = busName;
  }

  /// Some events were refused at every attempt.
  public static final class EventsRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    EventsRefused(List<PutEventsResultEntry> refused) {
      super(
          refused.size()
              + " events were refused: "
              + refused.stream()
                  .map(entry -> entry.errorCode() + " " + entry.errorMessage())
                  .distinct()
                  .toList());
    }
  }

  @Override
  public void send(List<BudgetEvent> events) {
    for (int from = 0; from < events.size(); from += MAX_ENTRIES) {
      put(
          events.subList(from, Math.min(events.size(), from + MAX_ENTRIES)).stream()
              .map(this::entry)
              .toList());
    }
  }

  /// A call may accept some entries and refuse others: only the refused ones are sent again.
  private void put(List<PutEventsRequestEntry> entries) {
    List<PutEventsRequestEntry> pending = entries;
    for (int attempt = 1; ; attempt++) {
      List<PutEventsRequestEntry> asked = pending;
      PutEventsResponse answer = client.putEvents(request -> request.entries(asked));
      List<PutEventsRequestEntry> again = new ArrayList<>();
      List<PutEventsResultEntry> refused = new ArrayList<>();
      for (int i = 0; i < answer.entries().size(); i++) {
        if (answer.entries().get(i).errorCode() != null) {
          again.add(asked.get(i));
          refused.add(answer.entries().get(i));
        }
      }
      if (again.isEmpty()) {
        return;
      }
      if (attempt == MAX_ATTEMPTS || !pause()) {
        throw new EventsRefused(refused);
      }
      pending = again;
    }
  }

  private PutEventsRequestEntry entry(BudgetEvent event) {
    return PutEventsRequestEntry.builder()
        .source(SOURCE)
        .detailType(event.type().wireName())
        .eventBusName(busName)
        .time(event.time())
        .detail(json(event))
        .build();
  }

  private static String json(BudgetEvent event) {
    try {
      return JSON.writeValueAsString(event);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("event " + event.id() + " cannot be written", e);
    }
  }

  private static boolean pause() {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(MIN_PAUSE_MILLIS, MAX_PAUSE_MILLIS + 1));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
