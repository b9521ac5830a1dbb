package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import io.budgetauthority.settlement.UsageQueue;
import jakarta.inject.Named;

/// Settles the usage reports of the usage queue. Messages that must be delivered again are answered
/// as failures; the queue deletes the others.
@Counted
@Named("usage")
public class ReportedUsage implements RequestHandler<SQSEvent, SQSBatchResponse> {

  private static final String RECEIVES = "ApproximateReceiveCount";

  private final UsageQueue queue;

  ReportedUsage(UsageQueue queue) {
    this.queue = queue;
  }

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return new SQSBatchResponse(
        queue.consume(event.getRecords().stream().map(ReportedUsage::received).toList()).stream()
            .map(SQSBatchResponse.BatchItemFailure::new)
            .toList());
  }

  private static UsageQueue.Received received(SQSEvent.SQSMessage message) {
    return new UsageQueue.Received(
        message.getMessageId(),
        message.getBody(),
        Integer.parseInt(message.getAttributes().getOrDefault(RECEIVES, "1")));
  }
}
