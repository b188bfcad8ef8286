//! Outages of the queue and of the mapper, short and long.

use super::*;

#[tokio::test]
async fn a_queue_that_fails_shortly_or_is_slow_gets_the_event() {
    for (failing, mended) in [
        (Mode::Fails, Mode::Passes),
        (Mode::Resets, Mode::Passes),
        (
            Mode::PassesAfter(Duration::from_millis(600)),
            Mode::PassesAfter(Duration::from_millis(600)),
        ),
    ] {
        let (backend, queue) =
            (FaultyBackend::start([], Fault::status(404)).await, Queue::new().await);
        let proxy = Proxy::start(aws::endpoint(), failing).await;
        let settings = queue.settings_through(&proxy.endpoint);
        let backend = [("BACKEND_API_URL", backend.url.as_str())];
        let mut function =
            Function::start(&image(DEFAULT), &[&backend, &settings[..]].concat()).await;
        let mend = async {
            // A slow one gets an answer to its first try. The others fail at least three times: the
            // host's client of AWS tries as long as the event has time.
            proxy.until_connections(if failing == mended { 1 } else { 4 }).await;
            proxy.set(mended);
        };
        let (invoked, ()) = tokio::join!(function.invoke(sign_up().to_string()), mend);
        assert_eq!(
            (invoked.end(), queue.count().await),
            ("queued", 1),
            "{failing:?}: {}",
            invoked.line
        );
    }
}

#[tokio::test]
async fn a_function_without_a_mapper_keeps_the_users() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], &queue.settings()[..]].concat();
    let mut broken = Function::start("/nowhere/mapper.cwasm".as_ref(), &settings).await;
    let line = broken.line().await;
    assert_eq!(
        (&line["level"], &line["message"]),
        (&"ERROR".into(), &"there is no mapper: every event goes into the queue".into())
    );
    let invoked = broken.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("queued", "Mapper.Refused"));
    assert_eq!(invoked.response(), sign_up().to_string().as_bytes());
    assert!(
        invoked.line["error"].as_str().unwrap().contains("/nowhere/mapper.cwasm"),
        "{}",
        invoked.line
    );
    let redelivered = EventSource::of(&queue).poll(&mut broken).await.unwrap();
    assert_eq!((redelivered.failed.len(), queue.count().await), (1, 1));

    let mut mended = Function::start(&image(DEFAULT), &settings).await;
    EventSource::of(&queue).poll(&mut mended).await.unwrap();
    assert_eq!((queue.count().await, backend.times("alice")), (0, 1));
}

#[tokio::test]
async fn a_queue_that_was_down_is_asked_again_for_each_event() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(404)).await, Queue::new().await);
    let proxy = Proxy::start(aws::endpoint(), Mode::Fails).await;
    let settings = [
        &[("BACKEND_API_URL", backend.url.as_str())],
        &queue.settings_through(&proxy.endpoint)[..],
    ]
    .concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    // The host's client of AWS tries again for each event, however many tries failed before.
    while proxy.connections() < 120 {
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "undelivered");
    }
    let so_far = proxy.connections();
    let mend = async {
        proxy.until_connections(so_far + 4).await;
        proxy.set(Mode::Passes);
    };
    let (invoked, ()) = tokio::join!(function.invoke(sign_up().to_string()), mend);
    assert_eq!((invoked.end(), queue.count().await), ("queued", 1), "{}", invoked.line);
}

#[tokio::test]
async fn memory_stays_under_24_megabytes_over_queued_events() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(404)).await, Queue::new().await);
    let mut function = function(&backend, &queue, &[]).await;
    let mut queued = 0;
    for _ in 0..300 {
        let invoked = function.invoke(sign_up().to_string()).await;
        // A queue on a busy machine may need longer than there is for one of them.
        let in_vain = invoked.line["queueErrorType"] == "Queue.TimedOut";
        assert!(invoked.end() == "queued" || in_vain, "{}", invoked.line);
        queued += usize::from(!in_vain);
    }
    assert!(queued > 200, "{queued}");
    let resident = function.resident_kilobytes();
    println!("resident after 300 queued events: {resident} KB");
    assert!(resident < resident_bound(24), "{resident} KB");
}
