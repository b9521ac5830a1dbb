package io.budgetauthority.local;

import io.budgetauthority.settlement.UsageQueue;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// Replaces Lambda's event source in the local build. It receives the messages of the usage queue,
/// hands them over in batches, and deletes from the queue those that were processed.
@Singleton
final class UsagePoller {

  private static final Logger LOG = Logger.getLogger("budget.usage");
  private static final int BATCH = 10;
  private static final int WAIT_SECONDS = 1;
  private static final Duration AFTER_A_FAULT = Duration.ofSeconds(1);

  /// The time until a message that failed is received again. The local build has one consumer, so
  /// the time can be short.
  private static final int AGAIN_AFTER_SECONDS = 2;

  /// Starts this after the first data is stored, when the tables exist.
  private static final int LAST = 4_000;

  private final UsageQueue queue;
  private final UsageQueue.Settings letters;
  private final Thread thread;
  private volatile boolean stopping;

  UsagePoller(UsageQueue queue, UsageQueue.Settings letters) {
    this.queue = queue;
    this.letters = letters;
    this.thread = Thread.ofPlatform().daemon().name("usage-queue").unstarted(this::run);
  }

  void onStart(@Observes @Priority(LAST) StartupEvent event) {
    thread.start();
  }

  void onStop(@Observes ShutdownEvent event) throws InterruptedException {
    stopping = true;
    thread.interrupt();
    thread.join();
  }

  private void run() {
    while (!stopping) {
      try {
        poll();
      } catch (Throwable e) {
        // No message may end the poller.
        if (!stopping) {
          LOG.errorf(e, "the usage queue stands still; it is read again");
          pause();
        }
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(AFTER_A_FAULT);
    } catch (InterruptedException e) {
      // The thread that interrupts this one has set `stopping` before.
      Thread.currentThread().interrupt();
    }
  }

  private void poll() {
    List<Message> messages =
        letters
            .sqs()
            .receiveMessage(
                it ->
                    it.queueUrl(letters.queueUrl())
                        .maxNumberOfMessages(BATCH)
                        .waitTimeSeconds(WAIT_SECONDS)
                        .messageSystemAttributeNames(
                            MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT))
            .messages();
    if (messages.isEmpty()) {
      return;
    }
    Set<String> again =
        new HashSet<>(queue.consume(messages.stream().map(UsagePoller::received).toList()));
    List<DeleteMessageBatchRequestEntry> done =
        messages.stream()
            .filter(message -> !again.contains(message.messageId()))
            .map(
                message ->
                    DeleteMessageBatchRequestEntry.builder()
                        .id(message.messageId())
                        .receiptHandle(message.receiptHandle())
                        .build())
            .toList();
    if (!done.isEmpty()) {
      letters.sqs().deleteMessageBatch(it -> it.queueUrl(letters.queueUrl()).entries(done));
    }
    messages.stream()
        .filter(message -> again.contains(message.messageId()))
        .forEach(
            message ->
                letters
                    .sqs()
                    .changeMessageVisibility(
                        it ->
                            it.queueUrl(letters.queueUrl())
                                .receiptHandle(message.receiptHandle())
                                .visibilityTimeout(AGAIN_AFTER_SECONDS)));
  }

  private static UsageQueue.Received received(Message message) {
    String receives =
        message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
    return new UsageQueue.Received(
        message.messageId(), message.body(), receives == null ? 1 : Integer.parseInt(receives));
  }
}
