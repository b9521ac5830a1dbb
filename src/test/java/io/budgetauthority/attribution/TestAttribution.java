package io.budgetauthority.attribution;

import io.budgetauthority.DecisionsTail;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The local build with its attribution: what the tests of adding up ask through.
final class TestAttribution implements AutoCloseable {

  static final LocalDate DAY = LocalDate.parse("2026-11-24");

  final TestAuthority service = new TestAuthority();
  final DynamoDbClient dynamoDb = LocalCloudForTests.dynamoDb().build();
  final String tableName =
      LocalCloudForTests.shared().definitions().attributionTable().create().tableName();
  final Database database = new Database(dynamoDb);
  final AttributionTable table = new AttributionTable(database, tableName);
  final AttributionStream stream = new AttributionStream(table, service.configuration.policies);
  final Attribution attribution = new Attribution(table);
  final DecisionsTail tail = new DecisionsTail(service.tenantId);

  void add(List<StreamRecord> records) {
    stream.add(records.stream().map(Change::read).toList());
  }

  /// Adds whatever happened since the last call.
  void catchUp() {
    add(tail.read());
  }

  void delete(Key key) {
    var unused = database.write(new Write.Delete(tableName, key), Deadline.ofRequest());
  }

  Rebuild rebuild() {
    String decisions =
        LocalCloudForTests.shared().definitions().decisionsTable().create().tableName();
    return new Rebuild(
        table,
        stream,
        new DecisionScan(database, decisions),
        service.configuration.policies,
        service.clock);
  }

  List<Attribution.Group> groups(Dimension... groupBy) {
    return attribution.groups(
        new Attribution.Query(
            service.tenantId,
            DAY.minusDays(200),
            DAY.plusDays(199),
            Map.of(),
            List.of(groupBy),
            false));
  }

  Amounts total() {
    List<Attribution.Group> groups = groups();
    return groups.isEmpty() ? Amounts.NONE : groups.getFirst().amounts();
  }

  @Override
  public void close() {
    tail.close();
    dynamoDb.close();
  }
}
