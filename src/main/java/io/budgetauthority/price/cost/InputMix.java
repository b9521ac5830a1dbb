package io.budgetauthority.price.cost;

import io.budgetauthority.price.Tariff;
import io.budgetauthority.price.TokenClass;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Finds the dearest way to spread a number of input tokens over the two divisions of
/// pricing.md#parts: by cache (plain, read, written, written for an hour) and by modality (text,
/// audio, image). Each row and column has room for a given number of tokens. The search is a
/// maximum-cost flow over at most twelve cells, filled along the dearest augmenting path, which is
/// optimal at every step.
final class InputMix {

  static final int PLAIN = 0;
  static final int READ = 1;
  static final int WRITE = 2;
  static final int WRITE_1H = 3;
  static final int TEXT = 0;
  static final int AUDIO = 1;
  static final int IMAGE = 2;

  private static final int ROWS = 4;
  private static final int COLUMNS = 3;
  private static final int SINK = ROWS + COLUMNS;
  private static final long UNREACHED = Long.MIN_VALUE;

  private static final TokenClass[][] CELLS = {
    {TokenClass.INPUT, TokenClass.INPUT_AUDIO, TokenClass.INPUT_IMAGE},
    {TokenClass.CACHE_READ, TokenClass.CACHE_READ_AUDIO, TokenClass.CACHE_READ_IMAGE},
    {TokenClass.CACHE_WRITE, TokenClass.CACHE_WRITE_AUDIO, TokenClass.INPUT_IMAGE},
    {TokenClass.CACHE_WRITE_1H, TokenClass.CACHE_WRITE_AUDIO, TokenClass.INPUT_IMAGE},
  };

  private final long[][] rates = new long[ROWS][COLUMNS];
  private final long[][] flow = new long[ROWS][COLUMNS];
  private final long[] rowRoom;
  private final long[] columnRoom;

  private InputMix(Tariff tariff, long[] rowRoom, long[] columnRoom) {
    this.rowRoom = rowRoom.clone();
    this.columnRoom = columnRoom.clone();
    for (int row = 0; row < ROWS; row++) {
      long cacheRate = tariff.ratePicos(CELLS[row][TEXT]);
      for (int column = 0; column < COLUMNS; column++) {
        TokenClass cell = CELLS[row][column];
        long rate = tariff.ratePicos(cell);
        boolean statedApart = cell == TokenClass.CACHE_WRITE_AUDIO && tariff.hasOwnPrice(cell);
        if (row >= WRITE && column != TEXT && !statedApart) {
          rate = Math.max(rate, cacheRate);
        }
        rates[row][column] = Math.max(rate, 0);
      }
    }
  }

  /// The dearest sum in pico-USD. Tokens that do not fit into the room are left out. Where plain
  /// and text have room for all tokens, none is left out.
  ///
  /// @param lines what takes the lines of the sum; null where nobody asks for them
  static long dearestPicos(
      Tariff tariff, long tokens, long[] rowRoom, long[] columnRoom, Bill.@Nullable Lines lines) {
    if (columnRoom[AUDIO] == 0 && columnRoom[IMAGE] == 0 && columnRoom[TEXT] >= tokens) {
      return dearestOfText(tariff, tokens, rowRoom, lines);
    }
    return new InputMix(tariff, rowRoom, columnRoom).fill(tokens, lines);
  }

  private static long dearestOfText(
      Tariff tariff, long tokens, long[] rowRoom, Bill.@Nullable Lines lines) {
    long sum = 0;
    long left = tokens;
    boolean[] used = new boolean[ROWS];
    for (int step = 0; step < ROWS && left > 0; step++) {
      int dearest = -1;
      for (int row = 0; row < ROWS; row++) {
        if (!used[row]
            && (dearest < 0
                || tariff.ratePicos(CELLS[row][TEXT]) > tariff.ratePicos(CELLS[dearest][TEXT]))) {
          dearest = row;
        }
      }
      used[dearest] = true;
      long taken = Math.min(left, rowRoom[dearest]);
      long rate = Math.max(0, tariff.ratePicos(CELLS[dearest][TEXT]));
      sum = Math.addExact(sum, Math.multiplyExact(taken, rate));
      if (lines != null) {
        lines.tokens(CELLS[dearest][TEXT], taken, rate);
      }
      left -= taken;
    }
    return sum;
  }

  private long fill(long tokens, Bill.@Nullable Lines lines) {
    long left = tokens;
    while (left > 0) {
      int[] from = new int[SINK + 1];
      if (!findDearestPath(from)) {
        break;
      }
      left -= push(from, left);
    }
    long sum = 0;
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column++) {
        sum = Math.addExact(sum, Math.multiplyExact(flow[row][column], rates[row][column]));
        if (lines != null) {
          lines.tokens(CELLS[row][column], flow[row][column], rates[row][column]);
        }
      }
    }
    return sum;
  }

  /// Bellman-Ford from every row with room to every column with room. `from` receives the path: for
  /// each node the one before it.
  private boolean findDearestPath(int[] from) {
    long[] gain = new long[SINK + 1];
    Arrays.fill(gain, UNREACHED);
    Arrays.fill(from, -1);
    for (int row = 0; row < ROWS; row++) {
      if (rowRoom[row] > 0) {
        gain[row] = 0;
      }
    }
    for (boolean moved = true; moved; ) {
      moved = false;
      for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < COLUMNS; column++) {
          int node = ROWS + column;
          if (gain[row] != UNREACHED && gain[row] + rates[row][column] > gain[node]) {
            gain[node] = gain[row] + rates[row][column];
            from[node] = row;
            moved = true;
          }
          if (flow[row][column] > 0
              && gain[node] != UNREACHED
              && gain[node] - rates[row][column] > gain[row]) {
            gain[row] = gain[node] - rates[row][column];
            from[row] = node;
            moved = true;
          }
        }
      }
    }
    for (int column = 0; column < COLUMNS; column++) {
      int node = ROWS + column;
      if (columnRoom[column] > 0 && gain[node] > gain[SINK]) {
        gain[SINK] = gain[node];
        from[SINK] = node;
      }
    }
    return gain[SINK] != UNREACHED;
  }

  private long push(int[] from, long most) {
    long amount = Math.min(most, columnRoom[from[SINK] - ROWS]);
    int node = from[SINK];
    while (from[node] >= 0) {
      if (node < ROWS) {
        amount = Math.min(amount, flow[node][from[node] - ROWS]);
      }
      node = from[node];
    }
    amount = Math.min(amount, rowRoom[node]);
    rowRoom[node] -= amount;
    columnRoom[from[SINK] - ROWS] -= amount;
    for (int step = from[SINK]; from[step] >= 0; step = from[step]) {
      if (step >= ROWS) {
        flow[from[step]][step - ROWS] += amount;
      } else {
        flow[step][from[step] - ROWS] -= amount;
      }
    }
    return amount;
  }
}
